"""The source, sampled: repeats, bad rows, memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from prompts.errors import InputError
from tests.pipeline.helpers import write_rows
from tests.pipeline.plan.make import plan_of, recipe_of


def test_repeated_rows_widen_what_a_sample_tells(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i % 50}", "label": "ham"} for i in range(3_000)])
    plan = plan_of(recipe, tmp_path / "run")
    teacher = plan["teachers"][0]
    assert teacher["calls_low"] <= 50 <= 3_000 == teacher["calls_high"]
    assert teacher["calls_expected"] is None
    assert "repeat another's prompt" in " ".join(plan["remarks"])


def test_a_bad_row_among_few_is_found_and_named(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    write_rows(tmp_path / "rows.jsonl", [{"text": "a", "label": "ham"}, {"label": "ham"}])
    with pytest.raises(InputError, match=r"rows.jsonl:2: field 'text': is missing"):
        plan_of(recipe, tmp_path / "run")


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.plan.sample.PROMPTS", 200)
    peaks = []
    for rows in (2_000, 2_000, 100_000):  # the first imports what it needs
        recipe = recipe_of(tmp_path, rows)
        tracemalloc.start()
        plan_of(recipe, tmp_path / "run")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.3 * peaks[1]
