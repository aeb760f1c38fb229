"""Runs an answer's Python code and then gold's tests, in one namespace. Loaded by process/sandbox_worker.py alone.

Standard library and no import of ours: the worker runs isolated.
"""

from __future__ import annotations

from typing import Any


def passes(sample: dict[str, Any]) -> bool:
    """Says whether neither raises; code that ends the process never gets here, and is no pass.

    `completion` is the code alone: who sends it has taken the fence off.
    """
    space: dict[str, Any] = {"__name__": "answer"}
    try:
        exec(compile(sample["completion"], "<answer>", "exec"), space)  # noqa: S102  # the point of it, within limits
        exec(compile(sample["gold"], "<tests>", "exec"), space)  # noqa: S102
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001  # SystemExit too is no pass
        return False
    return True
