"""The end of a log, for the error of the process that wrote it."""

from __future__ import annotations

from pathlib import Path

LINES = 15


def log_tail(log: Path) -> str:
    """Its last lines, indented, under its name."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:]
    return "\n".join([f"The end of {log}:", *(f"  {line}" for line in lines)])
