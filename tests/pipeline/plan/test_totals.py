"""All teachers together: the hours of accounts, the disk, the budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.plan.make import HOSTED, SMALL_CAP, answered, plan_of, recipe_of


@pytest.mark.parametrize(("account", "times"), [("one", 2), ("other", 1)])
def test_teachers_of_one_account_wait_for_each_other(tmp_path: Path, account: str, times: int) -> None:
    pace = {"requests_per_minute": 0.1}
    teachers = [{**HOSTED, **pace, "account": "one"}, {**HOSTED, **pace, "name": "b", "account": account}]
    plan = plan_of(recipe_of(tmp_path, teacher=teachers), tmp_path / "run")
    alone = plan["teachers"][0]["lanes"]["online"]["hours_high"]
    assert plan["lanes"]["online"]["hours_high"] == pytest.approx(times * alone)
    assert plan["calls"] == 24


@pytest.mark.parametrize("first", [0, 200])
def test_the_disk_is_what_the_journal_grows_by(tmp_path: Path, first: int) -> None:
    recipe = recipe_of(tmp_path, rows=1_000)
    run = answered(recipe, tmp_path, first) if first else tmp_path / "run"
    journal = run / "journal.sqlite"
    before = journal.stat().st_size if first else 0
    plan = plan_of(recipe, run)
    answered(recipe, tmp_path, 1_000)
    assert plan["disk_bytes_low"] <= journal.stat().st_size - before <= plan["disk_bytes_high"]


def test_a_budget_says_what_it_buys(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=300, generate={**SMALL_CAP, "budget_usd": 100})
    run = answered(recipe, tmp_path, 100)
    plan = plan_of(recipe, run)
    assert plan["budget"]["spent_usd"] == pytest.approx(0.1)
    assert (plan["budget"]["covers_high"], plan["budget"]["prompts_bought_low"]) == (True, 200)
    expected = plan["lanes"]["online"]["cost_usd_expected"]
    half = recipe_of(tmp_path, rows=300, generate={**SMALL_CAP, "budget_usd": 0.1 + expected / 2})
    budget = plan_of(half, run)["budget"]
    assert (budget["covers_high"], budget["prompts_bought_expected"]) == (False, pytest.approx(100))
    assert budget["prompts_bought_low"] < 100 < budget["prompts_bought_high"]
