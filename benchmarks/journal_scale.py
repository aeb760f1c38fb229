"""The journal at scale: python -m benchmarks.journal_scale [--replies 1000000] [--tokens 2] [--folder FOLDER]

One process declares so many prompts behind one shared prefix of examples, journals a reply with 20 logprobs a token
to each with 512 in flight, and exports them; its peak memory is read after each step. Meanwhile another process asks
where the run stands. Then a process is killed with 512 requests in flight, and the next one's time until it knows
what to send is taken. Beside them stand the limits: bare SQLite inserts of the same bytes with the same commits, and
pyarrow writing the same tables.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from pipeline.journal.codec import encode_reply
from pipeline.journal.columns import REPLIES
from pipeline.journal.export import tables
from pipeline.journal.journal import Journal
from pipeline.journal.samples import FallbackChain, SampleRequest
from pipeline.journal.vocabulary import Vocabulary
from pipeline.run.records import write_tables
from prompts.digest import digest
from prompts.messages import Message
from teachers.base import Alternative, Identity, Reply, Request, Sampling, TokenLogprob, Usage

IN_FLIGHT = 512
TOP = 20
WORDS = 50_000
POOL = 256
PREFIX = tuple(Message("assistant" if i % 2 else "user", f"example {i}: " + "some words of it " * 8) for i in range(16))
WHO = Identity("bench", "none", terms="none")
HOW = Sampling(temperature=1.0, max_tokens=64, top_logprobs=TOP)


def chains(count: int) -> Iterator[FallbackChain]:
    """Prompts of 240 characters, as the quickstart's are on average."""
    for number in range(count):
        text = random.Random(number).randbytes(60).hex() + " spam or ham? " * 8
        prompt = digest(["bench", number])
        request = Request(WHO, (*PREFIX, Message("user", text)), HOW)
        yield (SampleRequest(prompt, request, 1, "spam", None),)


def replies(tokens: int) -> list[Reply]:
    """Replies whose alternatives are spread over a vocabulary as a model's are: few words often, most seldom."""
    chance = random.Random(0)
    return [_reply(chance, tokens) for _ in range(POOL)]


def _reply(chance: random.Random, tokens: int) -> Reply:
    found = []
    for _ in range(tokens):
        words = [min(int(chance.paretovariate(0.5)), WORDS) for _ in range(TOP)]
        logprobs = sorted((-chance.expovariate(0.2) for _ in range(TOP)), reverse=True)
        pairs = zip(words, logprobs, strict=True)
        top = tuple(Alternative(f" w{word}".encode(), logprob, word) for word, logprob in pairs)
        found.append(TokenLogprob(top[0].bytes, top[0].logprob, top[0].id, top))
    text = b"".join(token.bytes for token in found).decode()
    return Reply(text, "ok", "stop", tuple(found), Usage(700, 0, tokens, 0), 0.123, "chatcmpl-0123456789", 0.0001)


async def settle_all(journal: Journal, pool: list[Reply]) -> None:
    feed = journal.owed(0)

    async def work() -> None:
        for number, ((item,),) in enumerate(zip(feed, strict=False)):
            attempt = await journal.intend(item.request)
            await journal.settle(attempt, item.request, pool[(attempt + number) % POOL])

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())


def peak_mb() -> float:
    """This process's peak memory since it was last asked."""
    found = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5")
    return int(found.split()[1]) / 1000


def say(what: str, count: int, seconds: float, cpu: float, more: str = "") -> None:
    rate = f"{count / seconds:10,.0f}/s {cpu / count * 1e6:8.1f} us CPU each"
    print(f"{what:<34} {seconds:8.1f} s {rate}   peak {peak_mb():6.0f} MB  {more}", flush=True)


WATCH = """
import sys, time
from pathlib import Path
from pipeline.journal.progress import progress_of
path, most = Path(sys.argv[1]), []
while not Path(sys.argv[2]).exists():
    started = time.perf_counter(); progress_of(path); most.append(time.perf_counter() - started); time.sleep(0.2)
most.sort()
print(f"{most[len(most) // 2] * 1e3:.1f} ms median, {most[-1] * 1e3:.1f} ms worst of {len(most)}")
"""

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from benchmarks.journal_scale import IN_FLIGHT, WHO, HOW
from pipeline.journal.journal import Journal
from prompts.messages import Message
from teachers.base import Request
async def main():
    journal = Journal(Path(sys.argv[1]))
    requests = [Request(WHO, (Message("user", f"killed {i}"),), HOW) for i in range(IN_FLIGHT)]
    await asyncio.gather(*(journal.intend(request) for request in requests))
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def bare_inserts(path: Path, bodies: list[bytes], count: int) -> float:
    """Seconds for the same bytes into one table, two commits of 512 rows for each 512 replies."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE intents (id INTEGER PRIMARY KEY, request INTEGER, at REAL)")
        connection.execute("CREATE TABLE replies (id INTEGER PRIMARY KEY, body BLOB)")
        started = time.perf_counter()
        for start in range(0, count, IN_FLIGHT):
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO intents VALUES (NULL, ?, 1.5)", [(start + i,) for i in range(IN_FLIGHT)]
            )
            connection.execute("COMMIT")
            connection.execute("BEGIN")
            rows = [(bodies[(start + i) % POOL],) for i in range(IN_FLIGHT)]
            connection.executemany("INSERT INTO replies VALUES (NULL, ?)", rows)
            connection.execute("COMMIT")
        return time.perf_counter() - started


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--replies", type=int, default=1_000_000)
    options.add_argument("--tokens", type=int, default=2)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        measure(Path(folder), given.replies, given.tokens)


def measure(folder: Path, count: int, tokens: int) -> None:
    path, pool = folder / "journal.sqlite", replies(tokens)
    print(f"{count:,} replies of {tokens} tokens with {TOP} alternatives; load {os.getloadavg()[0]:.1f}")
    print(f"peak at the start {peak_mb():.0f} MB")
    codec(pool)
    with Journal(path) as journal:
        clock = Clock()
        asyncio.run(journal.want(chains(count), "bench"))
        say("declared", count, *clock.take())
    declared = size(path)
    print(f"{'':<34} {declared / count:8.1f} bytes a sample declared")
    stop = folder / "stop"
    watcher = subprocess.Popen([sys.executable, "-c", WATCH, path, stop], stdout=subprocess.PIPE, text=True)
    with Journal(path) as journal:
        clock = Clock()
        asyncio.run(settle_all(journal, pool))
        say("intended and settled", count, *clock.take())
    stop.touch()
    print(f"{'status meanwhile':<34} {watcher.communicate()[0].strip()}")
    grown = (size(path) - declared) / count
    print(f"{'':<34} {grown:8.1f} bytes a reply, {grown / tokens:.1f} a token")
    recover(path)
    clock = Clock()
    written = write_tables(folder / "replies.parquet", REPLIES, tables(path))
    say("exported", written, *clock.take(), f"{(folder / 'replies.parquet').stat().st_size / count:.1f} bytes a row")
    limits(folder, pool, count, tokens)


class Clock:
    """Seconds on the wall and of this process's CPU."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def take(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def codec(pool: list[Reply]) -> None:
    vocabulary, times = Vocabulary([]), []
    for _ in range(5):
        started = time.process_time()
        bodies = [encode_reply(reply, vocabulary) for reply in pool]
        times.append((time.process_time() - started) / len(pool) * 1e6)
    print(
        f"{'a reply encoded':<34} {statistics.median(times):8.1f} us CPU, {sum(map(len, bodies)) / len(pool):.0f} bytes"
    )


def recover(path: Path) -> None:
    """Kills a process with requests in flight; the time until the next one knows what it owes."""
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    started = time.perf_counter()
    with Journal(path) as journal:
        opened = time.perf_counter()
        owed = journal.count_owed()
        known = time.perf_counter()
    print(
        f"{'recovered after SIGKILL':<34} {opened - started:8.3f} s to open ({journal.left_in_flight} were in flight), "
        f"{known - opened:.2f} s to know that {sum(owed.values())} chains are owed; peak {peak_mb():.0f} MB"
    )


def limits(folder: Path, pool: list[Reply], count: int, tokens: int) -> None:
    vocabulary = Vocabulary([])
    bodies = [encode_reply(reply, vocabulary) for reply in pool]
    say("limit: bare inserts", count, bare_inserts(folder / "bare.sqlite", bodies, count), 0)
    some = list(tables_of(folder / "replies.parquet"))
    clock = Clock()
    rows = write_tables(folder / "again.parquet", REPLIES, iter(some))
    say("limit: pyarrow writes these tables", rows, *clock.take())


def tables_of(path: Path) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for number in range(min(file.num_row_groups, 8)):
            yield file.read_row_group(number)


def size(path: Path) -> int:
    return sum(item.stat().st_size for item in path.parent.glob(f"{path.name}*"))


if __name__ == "__main__":
    main()
