"""What the curate stage shows while it works: the steps that are done, and how far the one at work is."""

from __future__ import annotations

import time

from pipeline.run.progress import Progress


class StepsLine:
    """One bar of all the steps, with the rows of the one at work beside it: a slow check takes hours in one step."""

    def __init__(self, progress: Progress, steps: int) -> None:
        """`steps`: how many there will be."""
        self._progress, self._steps = progress, steps
        self._done, self._began = 0, time.monotonic()
        self.restart()

    def restart(self) -> None:
        """Takes the place of another bar, such as a judge's own."""
        self._progress.start("curate", self._steps)

    def rows(self, step: str, done: int, came: int) -> None:
        """The step at work is done with so many of the rows that came; it begins with 0."""
        now = time.monotonic()
        if not done:
            self._began = now  # the first word of a step: its speed is no other step's
        detail = f"{step}: {done:,} of {came:,} rows" + _speed(done, came, now - self._began)
        self._progress.update(self._done, detail, figures={"step": step, "rows": done, "of_rows": came})

    def step(self, step: str, came: int, stay: int) -> None:
        """A step is done."""
        self._done += 1
        figures = {"step": step, "rows": came, "of_rows": came, "kept": stay}
        self._progress.update(self._done, f"{step}: {came:,} in, {stay:,} out", figures=figures)


def _speed(done: int, came: int, seconds: float) -> str:
    if not done or not seconds:
        return ""
    rate = done / seconds
    return f", {rate:,.1f}/s, {(came - done) / rate:,.0f} s left"
