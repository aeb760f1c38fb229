"""Runs an answer's Python code and then gold's tests, in one namespace. Loaded by curate/verify_worker.py alone.

Standard library and no import of ours: the worker runs isolated.
"""

from __future__ import annotations

import re
from typing import Any

BLOCK = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n(.*?)^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)


def passes(sample: dict[str, Any]) -> bool:
    """Whether neither raises; code that ends the process never gets here, and is no pass."""
    fenced = BLOCK.search(sample["completion"])
    code = fenced[2] if fenced else sample["completion"]
    space: dict[str, Any] = {"__name__": "answer"}
    try:
        exec(compile(code, "<answer>", "exec"), space)  # noqa: S102  # the point of it, within limits
        exec(compile(sample["gold"], "<tests>", "exec"), space)  # noqa: S102
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001  # SystemExit too is no pass
        return False
    return True
