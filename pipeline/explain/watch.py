"""`stillhouse status RUN --watch`: a run as it goes, until it ends. It reads files and is in nobody's way."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.explain.status import RunStatus, how_far, read_status, render_status
from pipeline.run.errors import BudgetReached
from pipeline.run.manifest import Entry

EVERY_S = 1.0
LINE_EVERY_S = 5.0
"""Between plain lines, where stdout is no terminal: a stage that begins is told at once."""

INTERRUPTED = 130

Show = Callable[[Iterable[RunStatus]], RunStatus]
"""Shows each status as it comes; returns the last."""


def follow(root: Path, *, as_json: bool = False, every_s: float = EVERY_S) -> int:
    """Shows the run until it ends; returns the exit status that the run ends with, and 0 at Ctrl-C.

    A live view on a terminal, else plain lines; with `as_json` the status's JSON, an object a line. InputError where
    `root` is no run.
    """
    show = _choose_show(as_json=as_json)
    try:
        return exit_status(show(_statuses(root, every_s)).stages)
    except KeyboardInterrupt:
        return 0


def exit_status(stages: Mapping[str, Entry]) -> int:
    """Returns what the run's own command ended with: that of the stage that was begun last. A killed one failed."""
    last = max(stages.values(), key=lambda entry: entry.started_at, default=None)
    if last is None or last.status == "done":
        return 0
    if last.status != "stopped":
        return 1
    return BudgetReached.exit_code if last.error else INTERRUPTED


def _choose_show(*, as_json: bool) -> Show:
    if as_json:
        return _as_json
    return _live if sys.stdout.isatty() else _as_lines


def _statuses(root: Path, every_s: float) -> Iterator[RunStatus]:
    """Yields the status now and then; the last is of a run that no process works on."""
    while True:
        status = read_status(root)
        yield status
        if not status.locked:
            return
        time.sleep(every_s)


def _as_json(statuses: Iterable[RunStatus]) -> RunStatus:
    for status in statuses:
        print(json.dumps(status.to_dict()), flush=True)
    return status


def _live(statuses: Iterable[RunStatus]) -> RunStatus:
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False) as live:
        for status in statuses:
            live.update(Text(render_status(status), no_wrap=True, overflow="ellipsis"), refresh=True)
    return status


def _as_lines(statuses: Iterable[RunStatus]) -> RunStatus:
    stage, told_at = "", -LINE_EVERY_S
    for status in statuses:
        now = status.now
        if now is None:
            continue
        if now.stage == stage and time.monotonic() - told_at < LINE_EVERY_S:
            continue
        stage, told_at = now.stage, time.monotonic()
        print(", ".join(filter(None, (how_far(now), now.detail))), flush=True)
    print(render_status(status), flush=True)
    return status
