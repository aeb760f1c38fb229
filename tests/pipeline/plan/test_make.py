"""What a plan says, from real sources and journals whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.plan import make_plan, render_plan
from pipeline.plan.sample import PROMPTS
from pipeline.run.errors import RunError
from tests.pipeline.plan.make import HOSTED, SMALL_CAP, answered, holds, owed_truth, plan_of, recipe_of


def test_what_was_measured_tells_what_is_owed(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=6_000)
    plan = plan_of(recipe, answered(recipe, tmp_path, 400))
    truth, teacher = owed_truth(recipe, 400), plan["teachers"][0]
    assert (plan["rows"], plan["sampled_rows"], teacher["measured_replies"]) == (6_000, PROMPTS, 400)
    for name in ("input_tokens", "output_tokens"):
        assert holds(teacher, name, truth[name])
        assert teacher[f"{name}_high"] < 1.2 * truth[name]
    assert holds(teacher, "calls", truth["calls"])
    assert holds(plan, "answered", 400)
    online, batch = teacher["lanes"]["online"], teacher["lanes"]["batch"]
    assert holds(online, "cost_usd", truth["cost"])
    assert holds(batch, "cost_usd", truth["cost"] / 2)
    assert holds(online, "hours", truth["hours"])
    assert online["cost_usd_at_most"] > 3 * truth["cost"]
    assert (batch["hours_low"], batch["hours_high"], batch["jobs"]) == (0, 24, 1)
    assert "tokens out a call" in " ".join(plan["remarks"])


def test_all_prompts_are_counted_exactly_where_all_are_read(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=300)
    plan = plan_of(recipe, answered(recipe, tmp_path, 100))
    assert (plan["prompts"], plan["answered"], plan["calls"]) == (300, 100, 200)
    teacher = plan["teachers"][0]
    assert teacher["calls_low"] == teacher["calls_high"] == 200
    assert holds(teacher, "output_tokens", owed_truth(recipe, 100)["output_tokens"])


def test_without_a_journal_ranges_are_said_to_be_ranges(tmp_path: Path) -> None:
    assert plan_of(recipe_of(tmp_path, 2_500), tmp_path / "run")["answered_high"] == 0
    plan = plan_of(recipe := recipe_of(tmp_path), tmp_path / "run")
    teacher = plan["teachers"][0]
    assert (teacher["output_tokens_low"], teacher["output_tokens_high"]) == (12, 1200)
    assert teacher["output_tokens_expected"] is None
    assert teacher["lanes"]["online"]["cost_usd_expected"] is None
    assert holds(teacher, "input_tokens", owed_truth(recipe, 0)["input_tokens"])
    said = " ".join(plan["remarks"])
    assert "from 1 a call to max_tokens" in said
    assert "no latency was measured" in said


def test_a_journal_that_is_none_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/journal.sqlite").write_bytes(b"words " * 1000)
    with pytest.raises(RunError, match="is not a journal"):
        plan_of(recipe_of(tmp_path), tmp_path / "run")


def test_the_plan_is_json_and_text(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, teacher=[HOSTED, {**HOSTED, "name": "b"}], generate={**SMALL_CAP, "accept": 5})
    made = make_plan(recipe, tmp_path / "run")
    plan = made.to_dict()
    assert json.loads(json.dumps(plan, allow_nan=False)) == plan
    text = render_plan(made)
    assert "calls      24: 12 prompts, 0 answers there already" in text
    assert "in all" in text
    assert "generate.accept may stop at 5 kept samples" in text
