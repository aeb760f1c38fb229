"""Progress: a bar on a terminal, plain lines elsewhere, JSON lines for machines. On stderr; stdout is for results.

A machine reads one object a line: {"event": "message", "text"} and {"event": "progress", "stage", "done", "total",
"per_s", "left_s"}, with what else is known: "in_flight", "ceiling", "waiting", "refused" (429s), "input_tokens",
"output_tokens", "cost_usd", "kept", "outcomes", "accounts", "loss", "validation_loss", "tokens_per_s". The same object
is left in a file of the run, for `stillhouse status`. Python code that runs the stages can hear the same as records.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import rich.progress

LINE_EVERY_S = 10.0  # a log that is read afterwards wants to see movement, not every row
JSON_EVERY_S = 1.0
FILE_EVERY_S = 1.0


@dataclass(slots=True, frozen=True)
class StageMessage:
    """A line that is there to be read."""

    text: str


@dataclass(slots=True, frozen=True)
class StageProgress:
    """How far a stage is."""

    stage: str
    done: int
    total: int
    """0 while nobody has counted."""
    per_s: float
    left_s: float | None
    """Seconds left; None while nothing tells."""
    detail: str
    """The rest, for people."""
    figures: Mapping[str, Any]
    """The same for machines: see above."""


Listener = Callable[[StageMessage | StageProgress], None]


class Progress:
    """One stage at a time: `start`, `update` as often as you like, `say` for a line that stays."""

    def __init__(self, *, as_json: bool = False, file: Path | None = None, listener: Listener | None = None) -> None:
        """`as_json` writes JSON lines wherever stderr is no terminal; `file` has the last of them while it lasts.

        Where there is a `listener` it is told everything, and stderr nothing.
        """
        self._listener = listener
        self._file, self._file_at = file, -FILE_EVERY_S
        self._as_json = as_json and not sys.stderr.isatty()
        self._bars = _bars() if sys.stderr.isatty() and listener is None else None
        self._task: rich.progress.TaskID | None = None
        self._stage, self._total = "", 0
        self._left_s: float | None = None
        self._started_at = self._line_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._listener is not None:
            self._listener(StageMessage(text))
        elif self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            self._print(json.dumps({"event": "message", "text": text}) if self._as_json else text)

    def start(self, stage: str, total: int) -> None:
        """A new bar of `total` steps; 0 where they are not counted yet."""
        self._stage, self._total, self._left_s = stage, total, None
        self._started_at = self._line_at = time.monotonic()
        self._file_at = -FILE_EVERY_S
        if self._bars is not None:
            self._clear()
            self._task = self._bars.add_task(stage, total=total or None, detail="", left_s=None)

    def update(
        self,
        done: int,
        detail: str = "",
        *,
        total: int | None = None,
        figures: Mapping[str, Any] | None = None,
        left_s: float | None = None,
    ) -> None:
        """`done` of the total, which may change; what else there is to see as text, and as figures for machines.

        `left_s` is the time left, where the caller knows better than the count since `start` tells: a training may
        have gone on from a checkpoint.
        """
        self._total, self._left_s = self._total if total is None else total, left_s
        if self._file is not None and time.monotonic() - self._file_at >= FILE_EVERY_S:
            self._write(self._file, done, detail, figures or {})
        if self._listener is not None:
            per_s, left = self._speed(done)
            self._listener(StageProgress(self._stage, done, self._total, per_s, left, detail, figures or {}))
        elif self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=self._total or None, detail=detail, left_s=left_s)
        elif time.monotonic() - self._line_at >= (JSON_EVERY_S if self._as_json else LINE_EVERY_S):
            self._line_at = time.monotonic()
            self._print(self._json_line(done, figures or {}) if self._as_json else self._line(done, detail))

    def finish(self) -> None:
        """Takes the bar away."""
        self._clear()

    def _clear(self) -> None:
        if self._bars is not None and self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None

    def _write(self, file: Path, done: int, detail: str, figures: Mapping[str, Any]) -> None:
        self._file_at = time.monotonic()
        now = {**json.loads(self._json_line(done, figures)), "detail": detail, "at": time.time()}
        # Whoever watches is told what can be told: a disk that is full stops the run where it loses something.
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
            beside.write_text(json.dumps(now), encoding="utf-8")
            beside.replace(file)

    def _speed(self, done: int) -> tuple[float, float | None]:
        """Steps a second, by the seconds left where they are known, else since the start; and seconds left."""
        if self._left_s:
            return (self._total - done) / self._left_s, self._left_s
        rate = done / max(time.monotonic() - self._started_at, 1e-9)
        return rate, (self._total - done) / rate if rate else None

    def _line(self, done: int, detail: str) -> str:
        rate, left_s = self._speed(done)
        left = "time left unknown" if left_s is None else f"{left_s:.0f} s left"
        return f"{self._stage}: {done}/{self._total}, {rate:.1f}/s, {left}" + (f", {detail}" if detail else "")

    def _json_line(self, done: int, figures: Mapping[str, Any]) -> str:
        rate, left_s = self._speed(done)
        speed = {"per_s": round(rate, 3), "left_s": None if left_s is None else round(left_s, 1)}
        head = {"event": "progress", "stage": self._stage, "done": done, "total": self._total}
        return json.dumps({**head, **speed, **figures})

    @staticmethod
    def _print(line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def _bars() -> rich.progress.Progress:
    from datetime import timedelta

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Task, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.text import Text

    class TimeLeft(TimeRemainingColumn):
        """Rich's own estimate, unless the task knows better."""

        def render(self, task: Task) -> Text:
            known = task.fields["left_s"]
            if known is None:
                return super().render(task)
            return Text(str(timedelta(seconds=round(known))), "progress.remaining")

    return RichProgress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeLeft(),
        console=Console(stderr=True),
    )
