"""`stillhouse bakeoff`: the same slice through every teacher, into RUN/bakeoff with a journal of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from pipeline.bakeoff.duels import Duels, duel
from pipeline.bakeoff.lineup import check_distinct, check_scoring, entry_named, for_all, take_slice
from pipeline.bakeoff.measure import Measured, Reading, Row, measure, read_replies, score_replies
from pipeline.bakeoff.table import to_data
from pipeline.bakeoff.verdict import decide
from pipeline.chains import Chain, chains_of
from pipeline.context import Context
from pipeline.curate.config import Best
from pipeline.errors import RunError
from pipeline.evaluate.scorers import scorer_for
from pipeline.evaluate.summary import SCORED
from pipeline.journal import Journal, rows, tables
from pipeline.judge import ask_judge
from pipeline.manifest import Manifest
from pipeline.progress import Progress
from pipeline.providers import no_price
from pipeline.recipe import Recipe
from pipeline.records import REPLIES, write_tables, write_text
from pipeline.rescore import rescore
from pipeline.roster import TeacherEntry
from pipeline.run import RunDir, open_run
from pipeline.seats import Seat, has_system, seats_of
from pipeline.session import ask
from pipeline.wanted import recipe_prompts
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
    seats = seats_of(recipe, has_system(prompts))
    chains = list(chains_of(prompts, seats, recipe))
    check_distinct(seats, chains)
    with open_run(root / FOLDER, recipe) as (run, manifest):
        context = Context(recipe, run, manifest, progress)
        with _recorded(manifest):
            with Journal(run.journal) as journal:
                asyncio.run(_ask_owed(context, journal, seats, chains))
            replies = _by_seat(run, chains)
            measured, duels = _measure(context, prompts, seats, replies, referee)
            result = _result(context, prompts, measured, referee, duels)
            write_text(run.root / RESULT, orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    return result


@contextmanager
def _recorded(manifest: Manifest) -> Iterator[None]:
    """Keeps the manifest, so that `status` and `why` tell of a bake-off as of any run."""
    manifest.begin(FOLDER, "")
    try:
        yield
    except KeyboardInterrupt:
        manifest.end(FOLDER, "stopped", {})
        raise
    except Exception as error:
        manifest.end(FOLDER, "failed", {}, error=str(error))
        raise
    manifest.end(FOLDER, "done", {})


async def _ask_owed(context: Context, journal: Journal, seats: Sequence[Seat], chains: Sequence[Chain]) -> None:
    await journal.want(chains)
    owed = journal.count_owed()
    # By request: two prompts that render to the same text are asked once.
    calls = len({item.request.key for chain in chains for item in chain})
    total = sum(owed.values())
    context.progress.say(f"bakeoff: {total} calls; {calls - total} replies are in the journal already")
    needed = {number: seats[number] for number in owed}
    await ask(context, journal, "bakeoff", needed, {number: journal.owed(number) for number in owed}, total)
    await rescore(context, journal)


def _by_seat(run: RunDir, chains: Sequence[Chain]) -> dict[int, list[Row]]:
    """Writes replies.parquet; its rows by teacher."""
    write_tables(run.replies, REPLIES, tables(run.journal))
    seat_of = {item.sample_id: item.seat for chain in chains for item in chain}
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows(run.journal):
        found[seat_of[row["sample_id"]]].append(row)
    if not any(row["outcome"] in ANSWERS for replies in found.values() for row in replies):
        raise RunError(f"no teacher answered; `stillhouse why {run.root} SAMPLE` shows a sample's attempts")
    return found


def _measure(
    context: Context,
    prompts: Sequence[Prompt],
    seats: Sequence[Seat],
    replies: Mapping[int, Sequence[Row]],
    referee: TeacherEntry | None,
) -> tuple[list[Measured], Duels | None]:
    """Every teacher's numbers, scored against gold, or by the referee where there is one."""
    bare = {prompt.id: prompt.bare for prompt in prompts}
    readings = [read_replies(replies[seat], bare, context.recipe.curate) for seat in range(len(seats))]
    duels = None if referee is None else _judge(context, referee, prompts, readings, replies)
    if duels is None:
        scorer = scorer_for(context.recipe.evaluate)
        scores = [score_replies(replies[seat], reading, prompts, scorer) for seat, reading in enumerate(readings)]
    else:
        scores = list(duels.scores)
    measured = [
        measure(seat, replies[number], readings[number], scores[number], no_price=no_price(seat.who))
        for number, seat in enumerate(seats)
    ]
    return measured, duels


def _judge(
    context: Context,
    referee: TeacherEntry,
    prompts: Sequence[Prompt],
    readings: Sequence[Reading],
    replies: Mapping[int, Sequence[Row]],
) -> Duels:
    rubric = context.recipe.combine.rubric
    answers = [_answers(replies[seat], reading) for seat, reading in enumerate(readings)]
    step = Best(judge=referee, rubric=rubric)
    return duel(prompts, answers, rubric, lambda questions: ask_judge(context, step, questions))


def _answers(replies: Sequence[Row], reading: Reading) -> dict[str, str]:
    """The texts that are answers, as the scorers see it: a refusal is none."""
    outcomes = {row["prompt_id"]: row["outcome"] for row in replies}
    return {key: text for key, text in reading.texts.items() if outcomes[key] in SCORED and text.strip()}


def _result(
    context: Context,
    prompts: Sequence[Prompt],
    measured: Sequence[Measured],
    referee: TeacherEntry | None,
    duels: Duels | None,
) -> dict[str, Any]:
    how = context.recipe.evaluate
    groups = [prompt.group or prompt.id for prompt in prompts]
    judged = None
    if referee is not None and duels is not None:
        judged = {"spec": referee.spec, "against": measured[0].label, "calls": duels.calls}
        judged |= {"failures": duels.failures, "changed": duels.changed}
    return {
        **to_data(decide(measured, groups, resamples=how.resamples, seed=how.seed)),
        "scorer": None if referee else how.scorer,
        "judge": judged,
        "in_flight": context.recipe.generate.concurrency,
        "resamples": how.resamples,
        "seed": how.seed,
        "run": str(context.run.root),
    }
