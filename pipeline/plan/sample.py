"""A sample of the recipe's prompts, and what they still owe to each of its teachers. Arrays have one value a prompt."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

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
from prompts.sources.load import render_rows
from prompts.sources.sample import draw, draw_rows
from prompts.template import load_template
from teachers.base import Request

PROMPTS = 2_000
"""An answered share of a half is known to 2.2 points from so many, and they take a second to render."""

REQUESTS = 20_000
"""At most so many are looked up in the journal, but by at least LEAST prompts."""

LEAST = 200
SEED = 0
LANES = ("online", "batch")


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
        """Whether every prompt is in it."""
        return len(self.prompts) == self.population

    @property
    def distinct_share(self) -> float:
        """At least this share of the population is distinct prompts: how often rows repeat, a sample does not tell."""
        if self.is_all or not self.repeats:
            return 1.0
        return (len(self.prompts) - self.repeats) / self.population


@dataclass(slots=True, frozen=True)
class Owed:
    """What the sampled prompts still owe a teacher."""

    calls_N: Floats
    bytes_N: Floats
    """Of the messages and the schema, in UTF-8."""
    turns_N: Floats
    """Messages."""
    worst_usd_N: dict[str, Floats]
    """The most it can cost, by lane; a lane without a known price is left out."""


def sample_prompts(recipe: Recipe, endpoints: int) -> Sample:
    """So many of the recipe's prompts, drawn evenly from its rows; InputError for a row among them that is bad."""
    asked = recipe.prompts
    count = max(LEAST, min(PROMPTS, REQUESTS // (endpoints * recipe.generate.samples)))
    if asked.template is None:
        stream = PromptStream(recipe)
        drawn = draw(stream, count, SEED)
        prompts, rows, skipped = drawn.items, drawn.seen, stream.skipped
    else:
        found = draw_rows(asked.source, count, SEED, asked.limit)
        columns = {"gold": asked.gold, "group": asked.group, "route": recipe.combine.by}
        prompts = tuple(render_rows(asked.source, found.items, load_template(asked.template), **columns))
        rows, skipped = found.seen, ""
    distinct = {prompt.id: prompt for prompt in reversed(prompts)}
    repeats = len(prompts) - len(distinct)
    if len(prompts) == rows:
        return Sample(tuple(reversed(distinct.values())), len(distinct), rows, repeats, skipped)
    return Sample(prompts, rows, rows, repeats, skipped)


def owed_chains(
    sample: Sample, endpoints: Sequence[ConfiguredTeacher], recipe: Recipe, journal: sqlite3.Connection | None
) -> list[list[FallbackChain]]:
    """Each sampled prompt's chains, less what the journal has answered; settled ones are empty."""
    found = [list(chains_of([prompt], endpoints, recipe)) for prompt in sample.prompts]
    if journal is None:
        return found
    keys = [item.request.key for one in chain.from_iterable(found) for item in one]
    known = read_outcomes(journal, keys)
    return [[owed_of(one, known) for one in chains] for chains in found]


def owed_to(number: int, endpoint: ConfiguredTeacher, owed: Sequence[Sequence[FallbackChain]]) -> Owed:
    """What of it is one teacher's: by its number in the recipe."""
    requests = [[item.request for one in chains for item in one if item.endpoint == number] for chains in owed]
    cost_bounds = {lane: known_cost_bound(endpoint, in_batch=lane == "batch") for lane in LANES}
    return Owed(
        calls_N=np.array([len(some) for some in requests], dtype=np.float64),
        bytes_N=np.array([sum(map(bytes_of, some)) for some in requests], dtype=np.float64),
        turns_N=np.array([sum(len(one.messages) for one in some) for some in requests], dtype=np.float64),
        worst_usd_N={
            lane: np.array([sum(map(cost_bound.worst_usd, some)) for some in requests], dtype=np.float64)
            for lane, cost_bound in cost_bounds.items()
            if cost_bound is not None
        },
    )


def bytes_of(request: Request) -> int:
    """What a teacher reads, in UTF-8: the messages, and the schema it is to answer by."""
    return text_bytes(request.messages, request.schema)


def text_bytes(messages: Conversation, schema: str | None) -> int:
    """The same of a request's parts."""
    return sum(len(turn.content.encode()) for turn in messages) + len((schema or "").encode())


def stored_bytes_N(sample: Sample) -> Floats:
    """What each sampled prompt takes in the journal, where its last turn is stored packed."""
    turns = [prompt.teacher_messages[-1] for prompt in sample.prompts]
    return np.array([len(pack(orjson.dumps([turn.role, turn.content]))) for turn in turns], dtype=np.float64)
