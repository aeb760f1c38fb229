"""`stillhouse bakeoff`: the same slice through every teacher, into RUN/bakeoff with a journal of its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from pipeline.bakeoff.decision import decide
from pipeline.bakeoff.lineup import check_distinct, check_scoring, entry_named, for_all, take_slice
from pipeline.bakeoff.measure import Reading, Row, measure, read_replies, score_replies
from pipeline.bakeoff.result import Bakeoff, Judging
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.generate.rescore import rescore
from pipeline.inference.endpoints import ConfiguredTeacher, configure_teachers, has_system
from pipeline.inference.prices import no_price
from pipeline.inference.routes import chains_of
from pipeline.inference.session import Session, ask
from pipeline.journal.columns import REPLIES
from pipeline.journal.export import rows, tables
from pipeline.journal.journal import Journal
from pipeline.journal.samples import FallbackChain
from pipeline.judge.ask import ask_judge
from pipeline.judge.pairwise import PairwiseScores, score_pairwise
from pipeline.recipe.prompt_stream import recipe_prompts
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.step import JudgeModel
from pipeline.recipe.teachers import TeacherEntry
from pipeline.run.context import Context
from pipeline.run.directory import RunDir, open_run
from pipeline.run.errors import RunError
from pipeline.run.files import write_text
from pipeline.run.progress import Progress
from pipeline.run.records import write_tables
from prompts.prompt import Prompt
from teachers.base import ANSWERS

FOLDER = "bakeoff"
RESULT = "bakeoff.json"


@dataclass(slots=True, frozen=True)
class BakeoffOptions:
    """Options of a bake-off: who is compared, and on how much."""

    teachers: Sequence[str] = ()
    """Specs, or the recipe's names for them, several in one text too; the recipe's own where there are none."""
    rows: int = 50
    """Prompts that each is asked."""
    judge: str | None = None
    """A spec or a name: compares answers with the first teacher's, where there is no gold."""


def bakeoff(recipe: Recipe, root: Path, options: BakeoffOptions, progress: Progress) -> Bakeoff:
    """Asks what the bake-off's journal lacks, scores, and names the cheapest that will do.

    The result is in RUN/bakeoff/bakeoff.json too. Raises InputError or Unsupported before any call where the teachers
    or the recipe cannot be compared; what makes going on pointless (no key) as `generate` does, with every
    reply so far kept.
    """
    referee = None if options.judge is None else entry_named(recipe, options.judge)
    recipe = for_all(recipe, options.teachers)
    prompts = take_slice(recipe_prompts(recipe).prompts, options.rows)
    check_scoring(recipe, prompts, referee)
    endpoints = configure_teachers(recipe, has_system(prompts))
    chains = list(chains_of(prompts, endpoints, recipe))
    check_distinct(endpoints, chains)
    # A directory and a journal of its own: the run's own journal declares other samples.
    with open_run(root / FOLDER, recipe) as (run, manifest):
        context = Context(recipe, run, manifest, progress)
        # `status` and `why` tell of a bake-off as of any run.
        with manifest.recorded(FOLDER, fingerprint=""):
            with Journal(run.journal) as journal:
                asyncio.run(_ask_owed(context, journal, endpoints, chains))
            contest = Contest(context, prompts, endpoints, _by_endpoint(run, chains))
            result = _result(contest, referee)
            write_text(run.root / RESULT, orjson.dumps(result.to_dict(), option=orjson.OPT_INDENT_2).decode() + "\n")
    return result


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
    await ask(Session(context, journal, "bakeoff", needed), {number: journal.owed(number) for number in owed}, total)
    await rescore(context, journal)  # steps of curation that read logprobs find them in every teacher's replies


@dataclass(slots=True, frozen=True)
class Contest:
    """The slice and what everyone answered to it."""

    context: Context
    prompts: Sequence[Prompt]
    endpoints: Sequence[ConfiguredTeacher]
    replies: Mapping[int, Sequence[Row]]
    """By the endpoint's number."""


def _by_endpoint(run: RunDir, chains: Sequence[FallbackChain]) -> dict[int, list[Row]]:
    """Writes replies.parquet; returns its rows by endpoint."""
    write_tables(run.replies, REPLIES, tables(run.journal))
    endpoint_of = {item.sample_id: item.endpoint for chain in chains for item in chain}
    replies: defaultdict[int, list[Row]] = defaultdict(list)
    answered = False
    for row in rows(run.journal):
        # By the sample, not by the teacher's name: one model may stand in the line-up with two prices or parameters.
        replies[endpoint_of[row["sample_id"]]].append(row)
        answered = answered or row["outcome"] in ANSWERS
    # Rows of failures alone say nothing of any teacher: a key or a host is wrong.
    if not answered:
        raise RunError(f"no teacher answered; `stillhouse why {run.root} SAMPLE` shows a sample's attempts")
    return replies


def _result(contest: Contest, referee: TeacherEntry | None) -> Bakeoff:
    """Scores everyone, against gold or by the referee, and decides."""
    config, run = contest.context.recipe.evaluate, contest.context.run
    readings = _readings(contest)
    if referee is None:
        judging = None
        scores = _scores(contest, readings)
    else:
        pairwise = _judge(contest, readings, referee)
        against = contest.endpoints[0].entry.label
        judging = Judging(referee.spec, against, pairwise.calls, pairwise.failures, pairwise.changed)
        scores = list(pairwise.scores)
    measured = []
    for number, endpoint in enumerate(contest.endpoints):
        price = no_price(endpoint.description)
        measured.append(measure(endpoint, contest.replies[number], readings[number], scores[number], no_price=price))
    groups = [prompt.group or prompt.id for prompt in contest.prompts]
    return Bakeoff(
        choice=decide(measured, groups, resamples=config.resamples, seed=config.seed),
        scorer=config.scorer.name if referee is None else None,
        judge=judging,
        in_flight=contest.context.recipe.generate.concurrency,
        resamples=config.resamples,
        seed=config.seed,
        run=str(run.root),
    )


def _readings(contest: Contest) -> list[Reading]:
    student_messages = {prompt.id: prompt.student_messages for prompt in contest.prompts}
    curation = contest.context.recipe.curate
    numbers = range(len(contest.endpoints))
    return [read_replies(contest.replies[number], student_messages, curation) for number in numbers]


def _scores(contest: Contest, readings: Sequence[Reading]) -> list[tuple[float | None, ...]]:
    scorer = contest.context.recipe.evaluate.to_scorer()
    return [
        score_replies(contest.replies[number], reading, contest.prompts, scorer)
        for number, reading in enumerate(readings)
    ]


def _judge(contest: Contest, readings: Sequence[Reading], referee: TeacherEntry) -> PairwiseScores:
    context = contest.context
    rubric = context.recipe.combine.rubric
    answers = [_answers(contest.replies[number], reading) for number, reading in enumerate(readings)]
    judge = JudgeModel(referee)
    return score_pairwise(contest.prompts, answers, rubric, lambda questions: ask_judge(context, judge, questions))


def _answers(replies: Sequence[Row], reading: Reading) -> dict[str, str]:
    """The texts that are answers, as the scorers see it: a refusal is none."""
    outcomes = {row["prompt_id"]: row["outcome"] for row in replies}
    return {key: text for key, text in reading.texts.items() if outcomes[key] in SCORED and text.strip()}
