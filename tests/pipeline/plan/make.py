"""Recipes, a journal whose truth is known, and plans, for the tests of this folder."""

from __future__ import annotations

import asyncio
import random
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.inference.endpoints import configure_teachers
from pipeline.inference.routes import chains_of
from pipeline.journal.journal import Journal
from pipeline.plan import make_plan
from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.recipe.recipe import Recipe
from teachers.base import Reply, Request, Usage
from tests.pipeline.helpers import write_recipe, write_rows

PRICE = {"input": 2.0, "output": 8.0}
HOSTED = {"spec": "openai:gpt-4.1", "price": PRICE}
SMALL_CAP = {"max_tokens": 100}


def recipe_of(folder: Path, rows: int = 12, **sections: Any) -> Recipe:
    texts = [f"mail {i} " + "word " * (i % 40) for i in range(rows)]
    write_rows(folder / "rows.jsonl", [{"text": text, "label": "ham"} for text in texts])
    return load_recipe(write_recipe(folder, **{"teacher": HOSTED, "generate": SMALL_CAP, **sections}))


def plan_of(recipe: Recipe, root: Path) -> dict[str, Any]:
    """The plan as people's scripts read it."""
    return make_plan(recipe, root).to_dict()


def answer(request: Request) -> Reply:
    """A teacher of 4 bytes a token, 4 tokens about each turn, that says 10 to 30 tokens in one to three seconds."""
    chance = random.Random(request.key)
    size = sum(len(turn.content) for turn in request.messages)
    usage = Usage(round(size / 4) + 4 * len(request.messages), None, chance.randint(10, 30))
    return Reply("ham", usage=usage, latency_s=chance.uniform(1, 3), cost_usd=0.001)


def answered(recipe: Recipe, folder: Path, rows: int) -> Path:
    """A run in whose journal the first so many rows are answered."""
    run = folder / "run"
    run.mkdir(exist_ok=True)
    prompts = PromptStream(recipe)
    endpoints = configure_teachers(recipe, prompts.has_system)

    async def ask(journal: Journal) -> None:
        chains = chains_of(islice(prompts, rows), endpoints, recipe)
        await journal.want(chains, "some", rows=lambda: prompts.rows)
        owed = [chain[0].request for number in range(len(endpoints)) for chain in journal.owed(number)]
        attempts = await asyncio.gather(*map(journal.intend, owed))
        settled = zip(attempts, owed, map(answer, owed), strict=True)
        await asyncio.gather(*(journal.settle(*ended) for ended in settled))

    with Journal(run / "journal.sqlite") as journal:
        asyncio.run(ask(journal))
    return run


def owed_truth(recipe: Recipe, rows: int) -> dict[str, float]:
    """What the teacher would take for the rows after the first `rows`."""
    chains = islice(chains_of(PromptStream(recipe), configure_teachers(recipe, True), recipe), rows, None)
    replies = [answer(chain[0].request) for chain in chains]
    tokens_in, tokens_out = (
        sum(getattr(one.usage, f"{name}_tokens") for one in replies) for name in ("input", "output")
    )
    hours = sum(one.latency_s or 0 for one in replies) / recipe.generate.concurrency / 3600
    cost = (tokens_in * PRICE["input"] + tokens_out * PRICE["output"]) / 1e6
    return {"calls": len(replies), "input_tokens": tokens_in, "output_tokens": tokens_out, "hours": hours, "cost": cost}


def holds(data: dict[str, Any], name: str, truth: float) -> bool:
    low, expected, high = (data[f"{name}_{end}"] for end in ("low", "expected", "high"))
    return bool(low <= expected <= high and low <= truth <= high)
