"""What replies in a journal tell, and which of them."""

from __future__ import annotations

from pathlib import Path

from tests.pipeline.plan.make import SMALL_CAP, answered, plan_of, recipe_of


def test_other_parameters_tell_of_the_input_alone(tmp_path: Path) -> None:
    run = answered(recipe_of(tmp_path, rows=100), tmp_path, 50)
    teacher = plan_of(recipe_of(tmp_path, rows=100, generate={"max_tokens": 7}), run)["teachers"][0]
    assert teacher["output_tokens_expected"] is None
    assert teacher["input_tokens_high"] < 1.1 * teacher["input_tokens_low"]


def test_a_seed_differs_by_sample_and_is_no_other_parameter(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=60, generate={**SMALL_CAP, "seed": 5, "samples": 2})
    plan = plan_of(recipe, answered(recipe, tmp_path, 20))
    assert plan["teachers"][0]["measured_replies"] == 40
    assert (plan["samples"], plan["answered"], plan["calls"]) == (120, 40, 80)
