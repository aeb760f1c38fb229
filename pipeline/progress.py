"""Progress for people: a bar on a terminal, plain lines elsewhere. On stderr; stdout is for results."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import rich.progress

LINE_EVERY_S = 10.0  # a log that is read afterwards wants to see movement, not every row


class Progress:
    """One stage at a time: `start`, `update` as often as you like, `say` for a line that stays."""

    def __init__(self) -> None:
        self._bars = _bars() if sys.stderr.isatty() else None
        self._task: rich.progress.TaskID | None = None
        self._stage, self._total = "", 0
        self._started_at = self._line_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def start(self, stage: str, total: int) -> None:
        """A new bar of `total` steps."""
        self._stage, self._total = stage, total
        self._started_at = self._line_at = time.monotonic()
        if self._bars is not None:
            self._clear()
            self._task = self._bars.add_task(stage, total=total, detail="")

    def update(self, done: int, detail: str = "", *, total: int | None = None) -> None:
        """`done` of the total, which may change; `detail` is what else there is to see: tokens, dollars, loss."""
        self._total = self._total if total is None else total
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=self._total, detail=detail)
        elif time.monotonic() - self._line_at >= LINE_EVERY_S:
            self._line_at = time.monotonic()
            print(self._line(done, detail), file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Takes the bar away."""
        self._clear()

    def _clear(self) -> None:
        if self._bars is not None and self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None

    def _line(self, done: int, detail: str) -> str:
        elapsed = max(time.monotonic() - self._started_at, 1e-9)
        rate = done / elapsed
        left = f"{(self._total - done) / rate:.0f} s left" if rate else "time left unknown"
        return f"{self._stage}: {done}/{self._total}, {rate:.1f}/s, {left}" + (f", {detail}" if detail else "")


def _bars() -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
