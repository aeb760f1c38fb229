"""The errors of a run: their exit codes, and what the budget's says."""

from __future__ import annotations

import pytest

from pipeline.run.errors import BudgetReached, DiskFull, ForeignRun, RunBusy, RunError, Spending


@pytest.mark.parametrize(("kind", "code"), [(RunError, 1), (RunBusy, 1), (ForeignRun, 2), (DiskFull, 1)])
def test_each_has_its_exit_code(kind: type[RunError], code: int) -> None:
    assert kind("x").exit_code == code


def test_the_budgets_error_says_what_is_spent_and_what_comes_next() -> None:
    error = BudgetReached(Spending(1.25, 2.0), 0.8)
    assert error.exit_code == 3
    assert str(error) == (
        "stopped at the budget: $1.2500 of $2.0000 is spent, and the next request could cost $0.8000. What was "
        "answered is kept; raise generate.budget_usd and run the same command"
    )
    beyond = str(BudgetReached(Spending(2.5, 2.0, 0.5), 0.8).with_goal(1200, 5000))
    assert "($0.5000 of it beyond worst cases" in beyond
    assert "1,200 of the 5,000 samples to accept; raise generate.budget_usd or lower generate.accept" in beyond
