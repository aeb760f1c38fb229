"""Journaled requests per second: python -m benchmarks.journal

Every request is an intent and a settlement, both on disk before the next step. Beside it stands the disk alone: two
appends with an fsync each and nothing else. On a disk with fast fsyncs SQLite's own work shows; on a slow one the
shared commits do.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from pipeline.journal.journal import Journal
from prompts.messages import Message
from teachers.base import Alternative, Identity, Reply, Request, Sampling, TokenLogprob, Usage

REPEATS = 5
REQUESTS = 2000
TOP = tuple(Alternative(f"token{i}".encode(), -0.5 * i - 0.5, i) for i in range(20))
REPLY = Reply("spam", tokens=(TokenLogprob(b"spam", -0.5, 0, TOP),) * 2, usage=Usage(600, None, 2), latency_s=0.1)


def request(number: int) -> Request:
    return Request(Identity("bench", "none"), (Message("user", f"mail {number}"),), Sampling(top_logprobs=20))


async def journaled(path: Path, in_flight: int) -> float:
    """Requests per second with so many waiting for their commit at once."""
    numbers = iter(range(REQUESTS))

    async def work(journal: Journal) -> None:
        for number in numbers:
            attempt = await journal.intend(request(number))
            await journal.settle(attempt, request(number), REPLY)

    with Journal(path) as journal:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(work(journal))
        return REQUESTS / (time.perf_counter() - started)


def unshared(path: Path) -> float:
    """Requests per second at two appends with an fsync each, and nothing else."""
    count = 200
    started = time.perf_counter()
    with path.open("ab") as file:
        for _ in range(2 * count):
            file.write(b"x" * 1000)
            file.flush()
            os.fsync(file.fileno())
    return count / (time.perf_counter() - started)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        limit = statistics.median(unshared(Path(folder, f"log{i}")) for i in range(REPEATS))
        print(f"two fsyncs a request    {limit:8.0f} requests/s")
        for in_flight in (1, 16, 128, 512):
            rates = [asyncio.run(journaled(Path(folder, f"{in_flight}-{i}.sqlite"), in_flight)) for i in range(REPEATS)]
            rate = statistics.median(rates)
            print(f"journal, {in_flight:>3} in flight  {rate:8.0f} requests/s  {rate / limit:6.1f} x")


if __name__ == "__main__":
    main()
