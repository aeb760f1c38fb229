"""A sample of the recipe's prompts, and what they still owe to each of its teachers. Arrays have one value a prompt."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from pipeline.inference.budget import known_cost_bound
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.inference.routes import chains_of
from pipeline.journal.codec import pack
from pipeline.journal.read import read_outcomes
from pipeline.journal.samples import FallbackChain, owed_of
from pipeline.plan.estimate import Floats
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.recipe.recipe import Recipe
from prompts.messages import Conversation
from prompts.prompt import Prompt
from prompts.sources.draw import draw
from prompts.sources.load import Columns, render_rows
from prompts.sources.sample import draw_rows
from prompts.template import load_template
from teachers.base import Request

PROMPTS = 2_000
"""An answered share of a half is known to 2.2 points from so many, and they take a second to render."""

REQUESTS = 20_000
"""At most so many are looked up in the journal, but by at least LEAST prompts."""

LEAST = 200
SEED = 0
LANES = ("online", "batch")

Chains = list[FallbackChain]


@dataclass(slots=True, frozen=True)
class Sample:
    """Some of the prompts, or all."""

    prompts: tuple[Prompt, ...]
    population: int
    """Rows of the source; where all were read, its distinct prompts."""
    rows: int
    repeats: int
    """Rows that repeat another one's prompt, among those that were read."""
    skipped: str
    """Of a log, in words: how many records gave no prompt and why."""

    @property
    def is_all(self) -> bool:
        """True where every prompt is in it."""
        return len(self.prompts) == self.population

    @property
    def distinct_share(self) -> float:
        """At least this share of the population is distinct prompts: how often rows repeat, a sample does not tell."""
        if self.is_all or not self.repeats:
            return 1.0
        return (len(self.prompts) - self.repeats) / self.population


@dataclass(slots=True, frozen=True)
class Owed:
    """The part of a teacher in what the sampled prompts still owe."""

    calls_N: Floats
    bytes_N: Floats
    """Of the messages and the schema, in UTF-8."""
    turns_N: Floats
    """Messages."""
    worst_usd_N: dict[str, Floats]
    """The most it can cost, by lane; a lane without a known price is left out."""


def sample_prompts(recipe: Recipe, endpoints: int) -> Sample:
    """Draws some of the recipe's prompts, evenly from its rows; InputError for a row among them that is bad."""
    # Fewer prompts where each has many requests: the journal's look-ups are what takes time.
    count = max(LEAST, min(PROMPTS, REQUESTS // (endpoints * recipe.generate.samples)))
    prompts, rows, skipped = _draw(recipe, count)
    # Backwards, so that of rows with one prompt the first is the one that stays.
    distinct = {prompt.id: prompt for prompt in reversed(prompts)}
    repeats = len(prompts) - len(distinct)
    if len(prompts) == rows:
        # All were read, so that repeats are known one by one and asked once.
        return Sample(tuple(reversed(distinct.values())), len(distinct), rows, repeats, skipped)
    return Sample(prompts, rows, rows, repeats, skipped)


def _draw(recipe: Recipe, count: int) -> tuple[tuple[Prompt, ...], int, str]:
    """So many prompts, the rows that they were drawn from, and which of a log's records gave none."""
    prompts = recipe.prompts
    if prompts.template is None:
        # A log's records have to be read to know which of them give a prompt; a table's rows can be drawn unread.
        stream = PromptStream(recipe)
        drawn = draw(stream, count, SEED)
        return drawn.items, drawn.seen, stream.skipped
    rows = draw_rows(prompts.source, count, SEED, prompts.limit)
    columns = Columns(prompts.gold, prompts.group, recipe.combine.by)
    rendered = tuple(render_rows(prompts.source, rows.items, load_template(prompts.template), columns))
    return rendered, rows.seen, ""


def owed_chains(
    sample: Sample, endpoints: Sequence[ConfiguredTeacher], recipe: Recipe, journal: sqlite3.Connection | None
) -> list[Chains]:
    """Returns each sampled prompt's chains, less what the journal has answered; settled ones are empty."""
    chains_N = [list(chains_of([prompt], endpoints, recipe)) for prompt in sample.prompts]
    if journal is None:
        return chains_N
    # In one query: a prompt at a time would be a query each.
    keys = [item.request.key for chains in chains_N for chain in chains for item in chain]
    outcomes = read_outcomes(journal, keys)
    return [[owed_of(chain, outcomes) for chain in chains] for chains in chains_N]


def owed_to(number: int, endpoint: ConfiguredTeacher, owed_N: Sequence[Chains]) -> Owed:
    """Returns what of it is one teacher's: by its number in the recipe."""
    requests_N = [_requests_to(number, chains) for chains in owed_N]
    worst_usd_N: dict[str, Floats] = {}
    for lane in LANES:
        bound = known_cost_bound(endpoint, in_batch=lane == "batch")
        if bound is not None:
            worst_usd_N[lane] = _summed(requests_N, bound.worst_usd)
    return Owed(
        calls_N=_summed(requests_N, lambda _: 1),
        bytes_N=_summed(requests_N, bytes_of),
        turns_N=_summed(requests_N, lambda request: len(request.messages)),
        worst_usd_N=worst_usd_N,
    )


def bytes_of(request: Request) -> int:
    """Returns what a teacher reads, in UTF-8: the messages, and the schema it is to answer by."""
    return text_bytes(request.messages, request.schema)


def text_bytes(messages: Conversation, schema: str | None) -> int:
    """Returns the same of a request's parts."""
    return sum(len(turn.content.encode()) for turn in messages) + len((schema or "").encode())


def stored_bytes_N(sample: Sample) -> Floats:
    """Returns what each sampled prompt takes in the journal, where its last turn is stored packed."""
    # What comes before the last turn is one text for all prompts of a template, and is stored once.
    turns = [prompt.teacher_messages[-1] for prompt in sample.prompts]
    return np.array([len(pack(orjson.dumps([turn.role, turn.content]))) for turn in turns], dtype=np.float64)


def _requests_to(number: int, chains: Chains) -> list[Request]:
    return [item.request for chain in chains for item in chain if item.endpoint == number]


def _summed(requests_N: Sequence[Sequence[Request]], measure: Callable[[Request], float]) -> Floats:
    """[N]: the sum over each prompt's requests."""
    return np.array([sum(map(measure, requests)) for requests in requests_N], dtype=np.float64)
