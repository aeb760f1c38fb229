"""What a session looks like while it runs, and afterwards: the progress line, and RUN/logs/pace.jsonl.

A record is a moment: how far it is, what is in flight and under which ceiling, and the answers a second since
the record before. A record a second in the first hour, and fewer later: their number grows with the logarithm of
the time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from pipeline.inference.scheduler import Tally, describe_tally
from pipeline.run.context import Context
from teachers.pacing.account import Account, Pace

EVERY_S = 1.0
SHOW_EVERY_S = 0.25
COLUMNS = 40
COUNTS = ("in_flight", "ceiling", "waiting", "refused")
"""What is known of an account at a moment; `waiting` counts those that rest before another try as well."""
BLOCKS = "▁▂▃▄▅▆▇█"
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


def read_pace(path: Path) -> list[dict[str, Any]]:
    """The records, oldest first; a torn last line is left out. Empty where there is no log."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            continue
    return found


def summarise(records: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The last sitting in the log over its time, in at most COLUMNS parts; None where there is none.

    Of a part: answers a second, the most in flight, the lowest ceiling.
    """
    last = _last_sitting(records)
    if not last:
        return None
    end = last[-1]
    parts: list[list[Mapping[str, Any]]] = [[] for _ in range(COLUMNS)]
    for record in last:
        share = record["seconds"] / end["seconds"] if end["seconds"] else 1.0
        parts[min(int(share * COLUMNS), COLUMNS - 1)].append(record)
    points = [
        {
            "seconds": part[-1]["seconds"],
            "per_s": sum(record["per_s"] for record in part) / len(part),
            "in_flight": max(record["in_flight"] for record in part),
            "ceiling": min(record["ceiling"] for record in part),
        }
        for part in parts
        if part
    ]
    names = ("stage", "began", "seconds", "done", "total", "refused", "input_tokens", "output_tokens", "cost_usd")
    return {**{name: end[name] for name in names}, "points": points}


def render_pace(pace: Mapping[str, Any] | None) -> Iterator[str]:
    """A line of figures and a line of blocks for each series; nothing where there is no pace."""
    if pace is None:
        return
    rate = pace["done"] / pace["seconds"] if pace["seconds"] else 0.0
    refused = f", {pace['refused']} x 429" if pace["refused"] else ""
    how_far = f"{pace['done']} of {pace['total']} in {pace['seconds']:.1f} s"
    yield f"  pace      {pace['stage']}: {how_far}, {rate:.1f}/s{refused}"
    for name, says in (("per_s", "answers/s"), ("in_flight", "in flight"), ("ceiling", "ceiling")):
        values = [point[name] for point in pace["points"]]
        yield f"    {says:<9} {_blocks(values)}  {min(values):.4g} to {max(values):.4g}"


def _last_sitting(records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The records that began when the last one did."""
    return [record for record in records if record["began"] == records[-1]["began"]]


def _blocks(values: Sequence[float]) -> str:
    most = max(values) or 1
    return "".join(BLOCKS[round(value / most * (len(BLOCKS) - 1))] for value in values)


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
