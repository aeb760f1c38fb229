"""A teacher's share: what goes in, and what routes and fallbacks make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.plan.make import HOSTED, SMALL_CAP, holds, plan_of, recipe_of


def test_a_schema_is_read_too(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"label": {"type": "string"}}}
    plain, schemed = (
        plan_of(recipe_of(tmp_path, generate={**SMALL_CAP, **more}), tmp_path / "run")["input_tokens_low"]
        for more in ({}, {"json_schema": schema})
    )
    assert schemed == pytest.approx(plain + 12 * len(json.dumps(schema, separators=(",", ":"))) / 5)


def test_a_fallback_may_never_be_asked(tmp_path: Path) -> None:
    teachers = [HOSTED, {**HOSTED, "name": "second"}]
    plan = plan_of(recipe_of(tmp_path, teacher=teachers, combine={"how": "fallback"}), tmp_path / "run")
    first, second = plan["teachers"]
    assert (first["calls_low"], first["calls_high"]) == (12, 12)
    assert (second["calls_low"], second["calls_expected"], second["calls_high"]) == (0, None, 12)
    assert second["lanes"]["online"]["cost_usd_low"] == 0
    assert plan["samples"] == 12


def test_a_route_shares_the_prompts_out(tmp_path: Path) -> None:
    teachers = [HOSTED, {**HOSTED, "name": "second"}]
    combine = {"how": "route", "weights": [1, 4]}
    small = plan_of(recipe_of(tmp_path, 500, teacher=teachers, combine=combine), tmp_path / "run")
    assert small["calls"] == sum(part["calls"] for part in small["teachers"]) == 500
    large = plan_of(recipe_of(tmp_path, 6_000, teacher=teachers, combine=combine), tmp_path / "run")
    assert holds(large["teachers"][1], "calls", 4_800)
    assert large["teachers"][1]["calls_high"] < 5_000
