"""What can go wrong with a run, apart from bad input and teachers.

RunError                the work failed                                           exit 1
├── RunBusy             another process holds the run directory                   exit 1
├── ForeignRun          the directory was made by another recipe                  exit 2
└── DiskFull            no space: nothing that was journaled is lost              exit 1
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
