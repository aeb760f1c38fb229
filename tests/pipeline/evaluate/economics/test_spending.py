"""What the distillation cost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.evaluate.economics.spending import Spent, add_up, spent_usd, training_seconds
from pipeline.journal.journal import Journal
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from students.result import TrainResult
from tests.pipeline.helpers import reply, request, wanted, write_recipe, write_rows


def test_training_is_charged_for_all_its_processes() -> None:
    whole = TrainResult(9, 1, 0, 1000, 80, 80, 50.0, 20.0, 0.5, 0.4, 1, 1, resumed_from=None)
    assert training_seconds(whole) == 50.0
    assert training_seconds(replace(whole, seconds=10.0, resumed_from=40)) == 50.0
    assert add_up(Spent(teacher=0.0), 1800, 2.0).training == 1.0


def recipe_in(folder: Path, **sections: Any) -> Recipe:
    write_rows(folder / "rows.jsonl", [{"text": "x", "label": "spam"}])
    return load_recipe(write_recipe(folder, **sections))


def billed(path: Path, *bills: tuple[str, float | None], declared: tuple[str, ...]) -> Path:
    """A journal in which each text was asked at its cost, and `declared` are the samples."""

    async def write() -> None:
        with Journal(path) as journal:
            await journal.want([(wanted(text),) for text in declared], "fingerprint")
            for text, cost in bills:
                attempt = await journal.intend(request(text))
                await journal.settle(attempt, request(text), reply(text, cost_usd=cost))

    asyncio.run(write())
    return path


def test_bills_by_who_was_asked(tmp_path: Path) -> None:
    journal = billed(tmp_path / "journal.sqlite", ("a", 0.25), ("b", 0.5), ("score it", 0.125), declared=("a", "b"))
    judge = {"step": "judge", "judge": {"spec": "scripted:x.jsonl"}, "rubric": "good", "min_score": 0.5}
    without, with_judge = recipe_in(tmp_path), recipe_in(tmp_path, curate={"steps": [judge]})
    assert spent_usd(journal, without) == Spent(teacher=0.875, judge=0.0, rescorer=0.0)  # asked before, or now
    assert spent_usd(journal, with_judge) == Spent(teacher=0.75, judge=0.125, rescorer=0.0)


def test_a_teacher_without_a_price_cost_what_nobody_knows(tmp_path: Path) -> None:
    journal = billed(tmp_path / "journal.sqlite", ("a", None), declared=("a",))
    assert spent_usd(journal, recipe_in(tmp_path)) == Spent(teacher=None, judge=0.0, rescorer=0.0)
