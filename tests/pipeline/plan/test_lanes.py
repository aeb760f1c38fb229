"""Dollars and hours by lane, from real sources and journals whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.inference.endpoints import configure_teachers
from pipeline.plan import make_plan, render_plan
from pipeline.plan.estimate import exactly
from pipeline.plan.lanes import lanes_of
from pipeline.plan.past import PastUsage
from pipeline.plan.sample import Owed, Sample
from pipeline.plan.share import Asked, share_of
from tests.pipeline.helpers import write_rows
from tests.pipeline.plan.make import HOSTED, PRICE, SMALL_CAP, answered, plan_of, recipe_of


def test_the_dollars_of_many_samples_cover_the_truth(tmp_path: Path) -> None:
    """Prompts and replies drawn anew each time; the bill is that of a whole population of each."""
    endpoint = configure_teachers(recipe := recipe_of(tmp_path), True)[0]
    chance, population, covered = np.random.default_rng(3), 50_000, 0
    sizes = chance.lognormal(6, 0.6, population)
    bill = (sizes.sum() * 0.25 * PRICE["input"] + population * 40 * PRICE["output"]) / 1e6
    runs = 400
    for _ in range(runs):
        bytes_N = chance.choice(sizes, 500, replace=False)
        read_M = chance.choice(sizes, 60)
        measured = PastUsage(
            output_tokens_N=chance.exponential(40, 60),
            latency_s_N=np.array([]),
            stored_bytes_N=np.array([]),
            input_tokens_M=read_M * chance.normal(0.25, 0.02, 60),
            input_bytes_M=read_M,
        )
        ones = np.ones(500)
        owed = Owed(ones, bytes_N, 2 * ones, {"online": ones, "batch": ones})
        sample = Sample((None,) * 500, population, population, 0, "")  # type: ignore[arg-type]
        share = share_of(Asked(endpoint, measured, exactly(population)), owed, sample)
        cost = lanes_of(share, recipe.generate.model_copy(update={"concurrency": 8}))[0].cost_usd
        assert cost is not None
        covered += cost.low <= bill <= cost.high
    assert covered / runs >= 0.93


@pytest.mark.parametrize(
    ("quota", "hours"), [({"requests_per_minute": 0.5}, 12 * 2 / 60), ({"tokens_per_minute": 1.0}, None)]
)
def test_quotas_bound_the_hours(tmp_path: Path, quota: dict[str, float], hours: float | None) -> None:
    teacher = plan_of(recipe_of(tmp_path, teacher={**HOSTED, **quota}), tmp_path / "run")["teachers"][0]
    found = teacher["lanes"]["online"]
    assert found["hours_high"] == pytest.approx(hours or (teacher["input_tokens_high"] + 1200) / 60)


def test_hours_follow_the_latency_over_the_concurrency(tmp_path: Path) -> None:
    hours = []
    for concurrency in (4, 8):
        recipe = recipe_of(tmp_path, rows=100, generate={**SMALL_CAP, "concurrency": concurrency})
        plan = plan_of(recipe, answered(recipe, tmp_path, 50))
        hours.append(plan["lanes"]["online"]["hours_expected"])
    assert hours[0] == pytest.approx(2 * hours[1])


def test_a_lane_or_a_price_that_is_not_there_is_said(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, teacher="openai:x@http://localhost:9/v1", generate={"lane": "batch", "budget_usd": 1})
    made = make_plan(recipe, tmp_path / "run")
    plan = made.to_dict()
    lanes = plan["teachers"][0]["lanes"]
    assert lanes["batch"] is plan["lanes"]["batch"] is plan["cost_usd_at_most"] is None
    assert lanes["online"]["cost_usd_high"] is None
    assert plan["budget"]["covers_high"] is None
    said = " ".join(plan["remarks"])
    assert "has no batch lane: the run would stop" in said
    assert "no price is known for" in said
    assert "the teacher has none" in render_plan(made)


def test_a_model_in_this_process_costs_nothing_and_its_hours_are_unknown(tmp_path: Path) -> None:
    script = write_rows(tmp_path / "script.jsonl", [{"reply": "ham"}])
    plan = plan_of(recipe_of(tmp_path, teacher=f"scripted:{script}"), tmp_path / "run")
    online = plan["teachers"][0]["lanes"]["online"]
    assert (online["cost_usd_high"], online["hours_high"]) == (0, None)


def test_without_a_cap_nothing_is_the_most(tmp_path: Path) -> None:
    made = make_plan(recipe_of(tmp_path, generate={"max_tokens": None, "budget_usd": 1}), tmp_path / "run")
    plan = made.to_dict()
    online = plan["teachers"][0]["lanes"]["online"]
    assert online["cost_usd_low"] > 0
    assert online["cost_usd_high"] is online["cost_usd_at_most"] is plan["disk_bytes_high"] is None
    assert (plan["budget"]["covers_high"], plan["budget"]["prompts_bought_low"]) == (False, 0)
    assert "generate.max_tokens" in " ".join(plan["remarks"])
    assert "or more" in render_plan(made)


def test_jobs_follow_the_providers_limits_as_the_recipe_says_them(tmp_path: Path) -> None:
    small = {**HOSTED, "batch": {"max_requests": 5}}
    assert plan_of(recipe_of(tmp_path, teacher=small), tmp_path / "run")["teachers"][0]["lanes"]["batch"]["jobs"] == 3
    bedrock = recipe_of(tmp_path, teacher="bedrock:us.amazon.nova-pro-v1:0", generate={**SMALL_CAP, "lane": "batch"})
    said = " ".join(plan_of(bedrock, tmp_path / "run")["remarks"])
    assert "12 calls are fewer than the 100 of a batch" in said
