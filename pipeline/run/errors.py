"""The errors of a run, apart from bad input and teachers.

RunError                the work failed                                           exit 1
├── RunBusy             another process holds the run directory                   exit 1
├── ForeignRun          the directory was made by another recipe                  exit 2
├── DiskFull            no space: nothing that was journaled is lost              exit 1
└── BudgetReached       the next request does not fit under the cap: resumable    exit 3
"""

from __future__ import annotations

from dataclasses import dataclass

from prompts.errors import StillhouseError


class RunError(StillhouseError):
    """The work failed for a reason we can name."""


class RunBusy(RunError):
    """A second process on the same run directory."""


class ForeignRun(RunError):
    """The run directory belongs to another recipe."""

    exit_code = 2


class DiskFull(RunError):
    """The disk is full; free some space and run the same command."""


@dataclass(slots=True, frozen=True)
class Spending:
    """A run's bill, against its cap."""

    spent_usd: float
    cap_usd: float
    beyond_usd: float = 0.0
    """Of what is spent, what bills had beyond the worst cases that were reserved."""


class BudgetReached(RunError):
    """The next request could cost more than is left."""

    exit_code = 3

    def __init__(self, spending: Spending, worst_usd: float, *, kept: str = "", lower: str = "") -> None:
        self.spending, self.worst_usd = spending, worst_usd
        beyond = ""
        if spending.beyond_usd:
            dollars = f"${spending.beyond_usd:,.4f}"
            beyond = f" ({dollars} of it beyond worst cases: bills counted more tokens than were asked for)"
        super().__init__(
            f"stopped at the budget: ${spending.spent_usd:,.4f} of ${spending.cap_usd:,.4f} is spent{beyond}, and "
            f"the next request could cost ${worst_usd:,.4f}. What was answered is kept{kept}; raise "
            f"generate.budget_usd{lower} and run the same command"
        )

    def with_goal(self, accepted: int, goal: int) -> BudgetReached:
        """Returns the same, with how far the run was from its goal."""
        kept = f": {accepted:,} of the {goal:,} samples to accept"
        return BudgetReached(self.spending, self.worst_usd, kept=kept, lower=" or lower generate.accept")
