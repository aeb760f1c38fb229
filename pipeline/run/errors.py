"""What can go wrong with a run, apart from bad input and teachers.

RunError                the work failed                                           exit 1
├── RunBusy             another process holds the run directory                   exit 1
├── ForeignRun          the directory was made by another recipe                  exit 2
├── DiskFull            no space: nothing that was journaled is lost              exit 1
└── BudgetReached       the next request does not fit under the cap: resumable    exit 3
"""

from __future__ import annotations

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


class BudgetReached(RunError):
    """The next request could cost more than is left."""

    exit_code = 3

    def __init__(
        self,
        spent_usd: float,
        cap_usd: float,
        worst_usd: float,
        *,
        beyond_usd: float = 0.0,
        kept: str = "",
        lower: str = "",
    ) -> None:
        self.spent_usd, self.cap_usd, self.worst_usd, self.beyond_usd = spent_usd, cap_usd, worst_usd, beyond_usd
        beyond = f" (${beyond_usd:,.4f} of it beyond worst cases: bills counted more tokens than were asked for)"
        super().__init__(
            f"stopped at the budget: ${spent_usd:,.4f} of ${cap_usd:,.4f} is spent{beyond if beyond_usd else ''}, and "
            f"the next request could cost ${worst_usd:,.4f}. What was answered is kept{kept}; raise "
            f"generate.budget_usd{lower} and run the same command"
        )

    def with_goal(self, accepted: int, goal: int) -> BudgetReached:
        """The same, with how far the run was from its goal."""
        kept = f": {accepted:,} of the {goal:,} samples to accept"
        dollars = (self.spent_usd, self.cap_usd, self.worst_usd)
        return BudgetReached(*dollars, beyond_usd=self.beyond_usd, kept=kept, lower=" or lower generate.accept")
