"""`stillhouse status RUN --watch`: a run as it goes, until it ends. It reads files and is in nobody's way."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.explain.status import how_far, read_status, render_status
from pipeline.run.errors import BudgetReached

EVERY_S = 1.0
LINE_EVERY_S = 5.0
"""Between plain lines, where stdout is no terminal: a stage that begins is told at once."""

INTERRUPTED = 130


def follow(root: Path, *, as_json: bool = False, every_s: float = EVERY_S) -> int:
    """Shows the run until it ends; returns the exit status that the run ends with, and 0 at Ctrl-C.

    A live view on a terminal, else plain lines; with `as_json` what `read_status` gives, an object a line. InputError
    where `root` is no run.
    """
    show = _as_json if as_json else _live if sys.stdout.isatty() else _as_lines
    try:
        return exit_status(show(_statuses(root, every_s)))
    except KeyboardInterrupt:
        return 0


def exit_status(status: Mapping[str, Any]) -> int:
    """What the run's own command ended with: that of the stage that was begun last. A killed one counts as failed."""
    entries = status["stages"].values()
    last = max(entries, key=lambda entry: float(entry["started_at"]), default=None)
    if last is None or last["status"] == "done":
        return 0
    if last["status"] == "stopped":
        return BudgetReached.exit_code if last["error"] else INTERRUPTED
    return 1


def _statuses(root: Path, every_s: float) -> Iterator[dict[str, Any]]:
    """The status now and then, the last one of a run that no process works on."""
    while True:
        status = read_status(root)
        yield status
        if not status["locked"]:
            return
        time.sleep(every_s)


def _as_json(seen: Iterable[dict[str, Any]]) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for last in seen:
        print(json.dumps(last), flush=True)
    return last


def _live(seen: Iterable[dict[str, Any]]) -> dict[str, Any]:
    from rich.live import Live
    from rich.text import Text

    last: dict[str, Any] = {}
    with Live(auto_refresh=False) as live:
        for last in seen:
            live.update(Text(render_status(last), no_wrap=True, overflow="ellipsis"), refresh=True)
    return last


def _as_lines(seen: Iterable[dict[str, Any]]) -> dict[str, Any]:
    stage, told_at = "", -LINE_EVERY_S
    last: dict[str, Any] = {}
    for last in seen:
        now = last["now"]
        if now is None or (now["stage"] == stage and time.monotonic() - told_at < LINE_EVERY_S):
            continue
        stage, told_at = now["stage"], time.monotonic()
        print(how_far(now) + (f", {now['detail']}" if now["detail"] else ""), flush=True)
    print(render_status(last), flush=True)
    return last
