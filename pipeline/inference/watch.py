"""What a session looks like while it runs: the progress line, and the records of RUN/logs/pace.jsonl.

A record is a moment: how far it is, what is in flight and under which ceiling, and the answers a second since
the record before. A record a second in the first hour, and fewer later: their number grows with the logarithm of
the time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import orjson

from pipeline.inference.scheduler import Tally, describe_tally
from pipeline.run.context import Context
from teachers.pacing.account import Account, Pace

EVERY_S = 1.0
SHOW_EVERY_S = 0.25
COUNTS = ("in_flight", "ceiling", "waiting", "refused")
"""What is known of an account at a moment; `waiting` counts those that rest before another try as well."""
SPREAD = 3600
"""Records are at least a 3600th of the time so far apart."""


@contextmanager
def watch(context: Context, stage: str, tally: Tally, accounts: Mapping[str, Account]) -> Iterator[None]:
    """Shows and logs the pace while it lasts, and once more at its end. `accounts` are by name."""
    context.progress.start(stage, tally.total)
    context.run.pace.parent.mkdir(exist_ok=True)
    with context.run.pace.open("ab") as log:
        watcher = _Watcher(context, stage, tally, accounts, log)
        try:
            yield
        finally:
            watcher.end()


def _counts(pace: Pace) -> dict[str, int]:
    waiting = pace.waiting + pace.resting
    return dict(zip(COUNTS, (pace.in_flight, pace.ceiling, waiting, pace.refused), strict=True))


class _Watcher:
    def __init__(
        self, context: Context, stage: str, tally: Tally, accounts: Mapping[str, Account], log: IO[bytes]
    ) -> None:
        self._context, self._stage, self._tally, self._accounts, self._log = context, stage, tally, accounts, log
        self._loop = asyncio.get_running_loop()
        self._began = self._logged_at = self._loop.time()
        self._began_at = round(time.time(), 3)
        self._logged_done = 0
        self._timer = self._loop.call_later(SHOW_EVERY_S, self._tick)

    def end(self) -> None:
        """The last record."""
        self._timer.cancel()
        figures = self._figures()
        self._record(figures)
        self._show(figures)

    def _tick(self) -> None:
        now, figures = self._loop.time(), self._figures()
        self._show(figures)
        if now - self._logged_at >= max(EVERY_S, (now - self._began) / SPREAD):
            self._record(figures)
        self._timer = self._loop.call_later(SHOW_EVERY_S, self._tick)

    def _show(self, figures: dict[str, Any]) -> None:
        refused = f", {figures['refused']} x 429" if figures["refused"] else ""
        detail = f"{figures['in_flight']} of {figures['ceiling']} in flight{refused}, {describe_tally(self._tally)}"
        self._context.progress.update(self._tally.done, detail, figures=figures)

    def _figures(self) -> dict[str, Any]:
        tally = self._tally
        accounts = {name: _counts(account.pace) for name, account in self._accounts.items()}
        return {
            **{name: sum(counts[name] for counts in accounts.values()) for name in COUNTS},
            "accounts": accounts,
            "input_tokens": tally.input_tokens,
            "output_tokens": tally.output_tokens,
            "cost_usd": tally.cost_usd,
            "kept": None if tally.kept is None else tally.kept.count,
            "outcomes": dict(tally.outcomes),
        }

    def _record(self, figures: dict[str, Any]) -> None:
        now, done = self._loop.time(), self._tally.done
        rate = (done - self._logged_done) / max(now - self._logged_at, 1e-9)
        head = {"began": self._began_at, "stage": self._stage, "seconds": round(now - self._began, 3)}
        counts = {"done": done, "total": self._tally.total, "per_s": round(rate, 3)}
        self._log.write(orjson.dumps({**head, **counts, **figures}) + b"\n")
        self._log.flush()
        self._logged_at, self._logged_done = now, done
