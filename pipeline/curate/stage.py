"""The curate stage: replies.parquet in, kept.parquet, dropped.parquet and preferences.parquet out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pipeline.curate.both_sides import write_both
from pipeline.curate.curate import COLUMNS, Extras, curate
from pipeline.curate.curated import Curated
from pipeline.curate.preferences import write_preferences
from pipeline.curate.progress_line import StepsLine
from pipeline.curate.tokens import TokenFile
from pipeline.dataset.card import write_dataset
from pipeline.decisions.rulings import read_rulings
from pipeline.judge.ask import ask_judge
from pipeline.process.pandas_probe import answer_probe
from pipeline.recipe.prompt_stream import recipe_prompts
from pipeline.recipe.step import JudgeModel
from pipeline.run.context import Context
from pipeline.run.counts import CurateCounts, ReviewCounts
from pipeline.run.errors import RunError
from pipeline.run.records import read_rows
from prompts.errors import InputError
from prompts.messages import Conversation

BAR = 30
"""Characters of the longest bar."""


class _StudentMessages(dict[str, Conversation]):
    """What the student will be asked, by prompt id."""

    def __missing__(self, prompt_id: str) -> Conversation:
        remedy = "The prompts have changed since the replies came: run the generate stage first"
        raise InputError(f"the recipe has no prompt {prompt_id}", remedy=remedy)


AskJudge = Callable[[Context, JudgeModel, Sequence[Conversation]], Mapping[Conversation, str | None]]


def work(context: Context) -> CurateCounts:
    """Curates and writes both sides; returns the counts for the manifest."""
    answer_probe()
    curated = curate_replies(context)
    curated.counts()  # raises where a sample has disappeared, before anything is written
    write_both(context.run.replies, curated, context.run.kept, context.run.dropped)
    written = write_preferences(context.run.replies, curated, context.recipe.curation, context.run.preferences)
    counts = curated.counts(written.pairs, written.rejected_alone)
    if curated.rulings:
        obeyed = curated.rulings.about(curated.train_ids()).digest
        review = ReviewCounts(len(curated.rulings.samples), curated.rulings.contested, obeyed)
        counts = replace(counts, review=review)
    # Said with the funnel: which step took the rows is what the user must know to go on.
    if not counts.train:
        raise RunError(f"curation left no row to train on:\n{funnel(curated)}")
    write_dataset(context, counts)
    context.progress.say(f"curate:\n{funnel(curated)}")
    return counts


def curate_replies(context: Context, ask: AskJudge = ask_judge) -> Curated:
    """Curates replies.parquet in memory; writes nothing but a judge's answers, which `ask_judge` journals."""
    student_messages = _StudentMessages(
        (prompt.id, prompt.student_messages) for prompt in recipe_prompts(context.recipe).prompts
    )
    config, replies = context.recipe.curation, context.run.replies
    line = StepsLine(context.progress, len(config.steps))

    def put(judge: JudgeModel, questions: Sequence[Conversation]) -> Mapping[Conversation, str | None]:
        try:
            return ask(context, judge, questions)
        finally:
            line.restart()  # the judge's own bar took its place

    extras = Extras(TokenFile(replies), put, read_rulings(context.run.reviews), line)
    return curate(read_rows(replies, COLUMNS), student_messages, config, extras)


def funnel(curated: Curated) -> str:
    """Draws a bar a step, of what comes out of it, with the reasons of what does not."""
    counts = curated.counts()
    unanswered = sum(counts.failed.values())
    answered = counts.samples - unanswered
    lines = [
        f"  {counts.samples:,} samples, {unanswered:,} without an answer",
        _bar("answered", answered, answered, counts.failed),
    ]
    for step in curated.funnel:
        lines.append(_bar(step.step, step.left, answered, step.reasons))
    return "\n".join([*lines, f"  kept: {counts.train:,} to train on, {counts.heldout:,} held out"])


def _bar(name: str, out: int, whole: int, lost: Mapping[str, int]) -> str:
    marks = round(BAR * out / whole) if whole else 0
    why = ", ".join(f"-{count:,} {reason}" for reason, count in sorted(lost.items()))
    return f"  {name:<14} {'#' * marks:<{BAR}} {out:>9,}  {why}".rstrip()
