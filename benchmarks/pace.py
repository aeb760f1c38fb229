"""How a limit is kept and used: python -m benchmarks.pace

First a real server in its own process that admits 20 requests at once, each for 100 ms, and answers others with 429
and Retry-After 1: 500 requests, through the whole stack with the journal. Peers: measured on two busy cores in
November 2026, each in its own environment. Then simulated servers in virtual time whose quota halves and doubles:
one that bounds what is in flight, one that bounds requests a second.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.inference.accounts import open_accounts
from pipeline.inference.endpoints import configure_teacher
from pipeline.inference.scheduler import RequestScheduler, Tally
from pipeline.inference.stack import open_stack
from pipeline.journal.journal import Journal
from pipeline.journal.samples import SampleRequest
from pipeline.recipe.recipe import Generate
from pipeline.recipe.teachers import TeacherEntry
from prompts.messages import Message
from teachers.base import Capabilities, Identity, Reply, Request, Usage
from teachers.errors import RateLimited
from teachers.pacing.account import Account
from teachers.pacing.pace import Landed, Paced
from teachers.pacing.retry import Retrying
from tests.servers.faults import chat_body
from tests.virtual import run as run_virtually

REQUESTS, PLACES, LATENCY_S, CONCURRENCY, REPEATS = 500, 20, 0.1, 100, 5
PEERS = {"DataDesigner 0.9.7": (13.9, 203), "distilabel 1.5.3": (24.5, 585), "Curator 0.1.31": (34.8, 331)}
PERIOD_S, PERIODS = 120.0, 5
LEVELS = (100, 50)


def main() -> None:
    """Both tables."""
    print(f"server admits {PLACES}, else 429 + Retry-After 1; {REQUESTS} requests of {LATENCY_S * 1000:.0f} ms")
    print(f"  limit               {REQUESTS / PLACES * LATENCY_S:5.1f} s")
    found = [admitting() for _ in range(REPEATS)]
    took, refused = (statistics.median(values) for values in zip(*found, strict=True))
    print(f"  stillhouse          {took:5.1f} s  {refused:4.0f} x 429   (median of {REPEATS}; worst {max(found)})")
    for peer, (seconds, refusals) in PEERS.items():
        print(f"  {peer:<19} {seconds:5.1f} s  {refusals:4} x 429   (as measured then)")
    print(f"\na quota of {LEVELS[0]} that halves and doubles every {PERIOD_S:.0f} s, simulated")
    for name, make in SERVERS.items():
        print(f"  {name:<44} {changing(make)}")


def admitting() -> tuple[float, int]:
    """Seconds, and 429s, of one run against a server in its own process."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        port = here.recv()
        with tempfile.TemporaryDirectory() as folder:
            seconds = asyncio.run(ask(f"openai:bench@http://127.0.0.1:{port}/v1", Path(folder)))
        here.send("done")
        return seconds, here.recv()
    finally:
        server.terminate()
        server.join()


async def ask(spec: str, folder: Path) -> float:
    """Asks all through the pipeline's own stack; seconds."""
    generate = Generate(concurrency=CONCURRENCY, max_tokens=16)
    endpoint = configure_teacher(TeacherEntry(spec=spec), generate, system=False)
    chains = [(wanted(endpoint.description.identity, number),) for number in range(REQUESTS)]
    tally = Tally(len(chains))
    with Journal(folder / "journal.sqlite") as journal:
        accounts = open_accounts({0: endpoint}, generate)
        teacher = open_stack(endpoint, journal, generate, accounts[0])
        started = time.perf_counter()
        await RequestScheduler({0: teacher}, accounts, tally).ask({0: chains}, 4 * CONCURRENCY)
        seconds = time.perf_counter() - started
        await teacher.close()
    assert tally.outcomes == Counter(ok=REQUESTS), tally
    return seconds


def wanted(identity: Identity, number: int) -> SampleRequest:
    """One of the requests."""
    request = Request(identity, (Message("user", f"mail {number}"),))
    return SampleRequest(f"p{number}", request, 1, None, None)


def serve(pipe: Connection) -> None:
    """The server: its port goes into the pipe, and when asked the number of its 429s."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    flying = refused = 0
    body = json.dumps(chat_body("fine")).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal flying, refused
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.lower().split(b"\r\n")
                length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
                await reader.readexactly(length)
                if flying >= PLACES:
                    refused += 1
                    writer.write(b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}")
                    continue
                flying += 1
                await asyncio.sleep(LATENCY_S)
                flying -= 1
                kind = b"content-type: application/json\r\n"
                writer.write(b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (kind, len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1024)
    pipe.send(server.sockets[0].getsockname()[1])
    done = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), done.set)
    await done.wait()
    pipe.send(refused)
    await asyncio.sleep(60)


def quota_at(now: float) -> int:
    """The quota, which halves and doubles."""
    return LEVELS[int(now // PERIOD_S) % 2]


@dataclass
class Simulated:
    """A server in virtual time that admits by its quota; latencies are log-normal around `latency_s`."""

    latency_s: float
    hint_s: float | None
    identity: Identity = field(default_factory=lambda: Identity("sim", "m"))
    capabilities: Capabilities = field(default_factory=Capabilities)
    admitted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    flying: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    async def complete(self, request: Request) -> Reply:
        """Refuses after 2 ms, or answers after the latency."""
        await asyncio.sleep(0.001)
        now = asyncio.get_running_loop().time()
        admitted = self.admits(now)
        (self.admitted if admitted else self.refused).append(now)
        if not admitted:
            await asyncio.sleep(0.001)
            raise RateLimited("no", provider="sim", retry_after_s=self.hint_s)
        self.flying += 1
        await asyncio.sleep(self.latency_s * self.chance.lognormvariate(-0.045, 0.3))
        self.flying -= 1
        return Reply("fine", usage=Usage(3, None, 1))

    def admits(self, now: float) -> bool:
        """Bounds what is in flight."""
        return self.flying < quota_at(now)

    def capacity(self, now: float) -> float:
        """The most that could have been admitted until `now`."""
        return sum(quota_at(at / 10) / 10 for at in range(int(now * 10))) / self.latency_s

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Metered(Simulated):
    """Bounds requests a second, with a bucket that holds so many seconds of them."""

    window_s: float = 10.0
    level: float = float("inf")
    at: float = 0.0

    def admits(self, now: float) -> bool:
        """Bounds requests over time."""
        quota = quota_at(now)
        self.level, self.at = min(quota * self.window_s, self.level + (now - self.at) * quota), now
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def capacity(self, now: float) -> float:
        """All of the quota, and what the bucket held at first."""
        return super().capacity(now) * self.latency_s + LEVELS[0] * self.window_s


SERVERS: dict[str, Callable[[], Simulated]] = {
    "in flight, 1 s, Retry-After 1": lambda: Simulated(1.0, 1.0),
    "in flight, 1 s, no hint": lambda: Simulated(1.0, None),
    "in flight, 5 s, Retry-After 1": lambda: Simulated(5.0, 1.0),
    "a second, 1 s, Retry-After 1": lambda: Metered(1.0, 1.0),
    "a second, 1 s, no hint": lambda: Metered(1.0, None),
    "a second, 0.3 s, Retry-After 1, bucket of 1 s": lambda: Metered(0.3, 1.0, window_s=1.0),
}


def changing(make: Callable[[], Simulated]) -> str:
    """The share of the quota used, of 429s, and the longest time to a new level."""
    server = make()
    end = PERIOD_S * PERIODS
    run_virtually(_drive(server, end))
    used, asked = len(server.admitted), len(server.admitted) + len(server.refused)
    settled = max(_settled_s(server, number) for number in range(1, PERIODS))
    return (
        f"{used / server.capacity(end):6.1%} used, {len(server.refused) / asked:.2%} x 429, "
        f"new level after {settled:.0f} s"
    )


def _settled_s(server: Simulated, number: int) -> float:
    """Seconds from a change to the first five seconds with 90 % of the new quota."""
    start = number * PERIOD_S
    for after in range(int(PERIOD_S) - 5):
        low = start + after
        seen = sum(low <= at < low + 5 for at in server.admitted)
        if server.capacity(low + 5) - server.capacity(low) <= seen / 0.9:
            return float(after)
    return PERIOD_S


async def _drive(server: Simulated, end: float) -> None:
    loop, account = asyncio.get_running_loop(), Account(400)
    teacher = Retrying(Paced(Landed(server, account), account), attempts=100, sleep=account.rest)
    tasks: set[asyncio.Task[Reply]] = set()
    for number in range(10**9):
        await account.idle()
        if loop.time() >= end:
            break
        task = loop.create_task(teacher.complete(wanted(server.identity, number).request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(0)
    account.close()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    main()
