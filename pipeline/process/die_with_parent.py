"""A command that ends when the process that started it does, even by `kill -9`.

    python -P -m pipeline.process.die_with_parent PID PROGRAM ARGUMENT ...

On Linux alone (PR_SET_PDEATHSIG: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html), and not for a
program that runs as another user (setuid). What this module does could be done between fork and exec, but Python code
there may hang in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of <linux/prctl.h>."""


def die_with_parent(command: Sequence[str]) -> list[str]:
    """The command to start instead, from the main thread: the kernel watches the thread that starts it.

    The process becomes `command`, with its id; once this one is gone, it gets SIGTERM.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-P", "-m", "pipeline.process.die_with_parent", str(os.getpid()), *command]


def main() -> None:
    """Asks for the signal and becomes the command; nothing is started where the parent has gone already."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)  # outlives exec
    if os.getppid() == int(parent):  # else it was gone before the kernel was asked to tell
        os.execvp(command[0], command)  # noqa: S606  # no shell is meant


if __name__ == "__main__":
    main()
