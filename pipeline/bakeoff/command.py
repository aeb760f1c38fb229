"""`stillhouse bakeoff`: the same slice through every teacher, into RUN/bakeoff with a journal of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from pipeline.bakeoff.decision import decide
from pipeline.bakeoff.lineup import check_distinct, check_scoring, entry_named, for_all, take_slice
from pipeline.bakeoff.measure import MeasuredTeacher, Reading, Row, measure, read_replies, score_replies
from pipeline.bakeoff.table import to_data
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.generate.rescore import rescore
from pipeline.inference.endpoints import ConfiguredTeacher, configure_teachers, has_system
from pipeline.inference.prices import no_price
from pipeline.inference.routes import chains_of
from pipeline.inference.session import ask
from pipeline.journal.columns import REPLIES
from pipeline.journal.export import rows, tables
from pipeline.journal.journal import Journal
from pipeline.journal.samples import FallbackChain
from pipeline.judge.ask import ask_judge
from pipeline.judge.pairwise import PairwiseScores, score_pairwise
from pipeline.recipe.curate import Best
from pipeline.recipe.prompt_stream import recipe_prompts
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.teachers import TeacherEntry
from pipeline.run.context import Context
from pipeline.run.directory import RunDir, open_run
from pipeline.run.errors import RunError
from pipeline.run.files import write_text
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from pipeline.run.records import write_tables
from prompts.prompt import Prompt
from teachers.base import ANSWERS

FOLDER = "bakeoff"
RESULT = "bakeoff.json"


def bakeoff(
    recipe: Recipe, root: Path, specs: Sequence[str], limit: int, progress: Progress, *, judge: str | None = None
) -> dict[str, Any]:
    """Asks what the bake-off's journal lacks, scores, and names the cheapest that will do.

    The result is in RUN/bakeoff/bakeoff.json too. Raises InputError or Unsupported before any call where the teachers
    or the recipe cannot be compared; what makes going on pointless (no key) as `generate` does, with every
    reply so far kept.
    """
    referee = None if judge is None else entry_named(recipe, judge)
    recipe = for_all(recipe, specs)
    prompts = take_slice(recipe_prompts(recipe).prompts, limit)
    check_scoring(recipe, prompts, referee)
    endpoints = configure_teachers(recipe, has_system(prompts))
    chains = list(chains_of(prompts, endpoints, recipe))
    check_distinct(endpoints, chains)
    with open_run(root / FOLDER, recipe) as (run, manifest):
        context = Context(recipe, run, manifest, progress)
        with _recorded(manifest):
            with Journal(run.journal) as journal:
                asyncio.run(_ask_owed(context, journal, endpoints, chains))
            replies = _by_endpoint(run, chains)
            measured, pairwise = _measure(context, prompts, endpoints, replies, referee)
            result = _result(context, prompts, measured, referee, pairwise)
            write_text(run.root / RESULT, orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    return result


@contextmanager
def _recorded(manifest: Manifest) -> Iterator[None]:
    """Keeps the manifest, so that `status` and `why` tell of a bake-off as of any run."""
    manifest.begin(FOLDER, "")
    try:
        yield
    except KeyboardInterrupt:
        manifest.end(FOLDER, "stopped")
        raise
    except Exception as error:
        manifest.end(FOLDER, "failed", error=str(error))
        raise
    manifest.end(FOLDER, "done")


async def _ask_owed(
    context: Context, journal: Journal, endpoints: Sequence[ConfiguredTeacher], chains: Sequence[FallbackChain]
) -> None:
    await journal.want(chains)
    owed = journal.count_owed()
    # By request: two prompts that render to the same text are asked once.
    calls = len({item.request.key for chain in chains for item in chain})
    total = sum(owed.values())
    context.progress.say(f"bakeoff: {total} calls; {calls - total} replies are in the journal already")
    needed = {number: endpoints[number] for number in owed}
    await ask(context, journal, "bakeoff", needed, {number: journal.owed(number) for number in owed}, total)
    await rescore(context, journal)


def _by_endpoint(run: RunDir, chains: Sequence[FallbackChain]) -> dict[int, list[Row]]:
    """Writes replies.parquet; its rows by teacher."""
    write_tables(run.replies, REPLIES, tables(run.journal))
    configure_teacher = {item.sample_id: item.endpoint for chain in chains for item in chain}
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows(run.journal):
        found[configure_teacher[row["sample_id"]]].append(row)
    if not any(row["outcome"] in ANSWERS for replies in found.values() for row in replies):
        raise RunError(f"no teacher answered; `stillhouse why {run.root} SAMPLE` shows a sample's attempts")
    return found


def _measure(
    context: Context,
    prompts: Sequence[Prompt],
    endpoints: Sequence[ConfiguredTeacher],
    replies: Mapping[int, Sequence[Row]],
    referee: TeacherEntry | None,
) -> tuple[list[MeasuredTeacher], PairwiseScores | None]:
    """Every teacher's numbers, scored against gold, or by the referee where there is one."""
    student_messages = {prompt.id: prompt.student_messages for prompt in prompts}
    readings = [
        read_replies(replies[endpoint], student_messages, context.recipe.curate) for endpoint in range(len(endpoints))
    ]
    pairwise = None if referee is None else _judge(context, referee, prompts, readings, replies)
    if pairwise is None:
        scorer = context.recipe.evaluate.to_scorer()
        scores = [
            score_replies(replies[endpoint], reading, prompts, scorer) for endpoint, reading in enumerate(readings)
        ]
    else:
        scores = list(pairwise.scores)
    measured = [
        measure(endpoint, replies[number], readings[number], scores[number], no_price=no_price(endpoint.who))
        for number, endpoint in enumerate(endpoints)
    ]
    return measured, pairwise


def _judge(
    context: Context,
    referee: TeacherEntry,
    prompts: Sequence[Prompt],
    readings: Sequence[Reading],
    replies: Mapping[int, Sequence[Row]],
) -> PairwiseScores:
    rubric = context.recipe.combine.rubric
    answers = [_answers(replies[endpoint], reading) for endpoint, reading in enumerate(readings)]
    step = Best(judge=referee, rubric=rubric)
    return score_pairwise(prompts, answers, rubric, lambda questions: ask_judge(context, step, questions))


def _answers(replies: Sequence[Row], reading: Reading) -> dict[str, str]:
    """The texts that are answers, as the scorers see it: a refusal is none."""
    outcomes = {row["prompt_id"]: row["outcome"] for row in replies}
    return {key: text for key, text in reading.texts.items() if outcomes[key] in SCORED and text.strip()}


def _result(
    context: Context,
    prompts: Sequence[Prompt],
    measured: Sequence[MeasuredTeacher],
    referee: TeacherEntry | None,
    pairwise: PairwiseScores | None,
) -> dict[str, Any]:
    how = context.recipe.evaluate
    groups = [prompt.group or prompt.id for prompt in prompts]
    judged = None
    if referee is not None and pairwise is not None:
        judged = {"spec": referee.spec, "against": measured[0].label, "calls": pairwise.calls}
        judged |= {"failures": pairwise.failures, "changed": pairwise.changed}
    return {
        **to_data(decide(measured, groups, resamples=how.resamples, seed=how.seed)),
        "scorer": None if referee else how.scorer.name,
        "judge": judged,
        "in_flight": context.recipe.generate.concurrency,
        "resamples": how.resamples,
        "seed": how.seed,
        "run": str(context.run.root),
    }
