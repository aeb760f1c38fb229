"""How a command of the user's ended, in words."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any


def exit_of(answer: Mapping[str, Any]) -> str:
    """Says with which status or signal it ended, and its last line; `answer` is the sandbox's."""
    code, last = answer.get("code", 0), answer.get("last", "")
    how = f"exit status {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
    return f"{how}: {last}" if last else how
