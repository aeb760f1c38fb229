"""What a client costs: python -m benchmarks.client [--repeats N] [ROW ...]

A server on loopback, a process of its own with one event loop and no HTTP library, answers every Chat Completions
request after a fixed time. Each row sends the same requests, in a process of its own; rows take turns, and the medians
are shown. CPU is the client's (`time.process_time`, all its threads) from the first request to the last reply, a
request; imports are not in it. `limit` is arithmetic: requests / in flight x the server's time.

    limit            what the server's time allows
    sdk              the openai SDK's `chat.completions.create`
    sdk_aiohttp      the same on the SDK's own aiohttp transport
    aiohttp          aiohttp and orjson, nothing else
    adapter          our teacher: no journal, no pace
    run              `stillhouse generate`, its asking: journal, pace, prices, progress, every attempt on disk twice
    stage            the same command as a whole: prompts rendered and declared, asked, replies.parquet written
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

SYSTEM = "You sort mails. Answer with one word, spam or ham."
FILLER = "word " * 120
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ham"}}],
    "usage": {"prompt_tokens": 140, "completion_tokens": 2, "total_tokens": 142},
}
MOST_TOKENS = 20


@dataclass(frozen=True)
class Load:
    """What is asked of a client."""

    requests: int
    in_flight: int
    delay_s: float

    @property
    def limit_s(self) -> float:
        """The least time there can be."""
        return self.requests / self.in_flight * self.delay_s


LOADS = (Load(2000, 100, 0.1), Load(10_240, 512, 1.0))


@dataclass(frozen=True)
class Cost:
    """What a client took."""

    wall_s: float
    cpu_ms: float
    """Milliseconds of the client's CPU a request."""


# The server


class Slow(asyncio.Protocol):
    """Answers each request on a connection `delay_s` after its last byte."""

    def __init__(self, delay_s: float) -> None:
        body = json.dumps(ANSWER).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._answer, self._delay_s = head.encode() + body, delay_s
        self._got, self._last = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers later what is whole by now."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0):
            self._got, self._last = b"", b"connection: close" in head.lower()
            asyncio.get_running_loop().call_later(self._delay_s, self._reply)

    def _reply(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._answer)
            if self._last:
                self._transport.close()


async def serve(delay_s: float) -> None:
    """Serves until it is killed; the port is the only thing it prints."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Slow(delay_s), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running_server(delay_s: float) -> Iterator[str]:
    """The server's base URL."""
    command = [sys.executable, "-m", "benchmarks.client", "--serve", str(delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


# The clients: each a function from a base URL and a load to a cost

Ask = Callable[[int], Awaitable[object]]


def user_text(number: int) -> str:
    return f"Mail {number}: {FILLER}"


def messages(number: int) -> list[dict[str, str]]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user_text(number)}]


@contextmanager
def timed(load: Load) -> Iterator[list[Cost]]:
    """Fills the list with the cost of what is done inside."""
    costs: list[Cost] = []
    started, used = time.perf_counter(), time.process_time()
    yield costs
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - used
    costs.append(Cost(wall_s, cpu_s / load.requests * 1000))


async def ask_all(ask: Ask, load: Load) -> Cost:
    """Asks once to have everything loaded, then all requests from as many workers as may be in flight."""
    await ask(-1)
    numbers = iter(range(load.requests))

    async def work() -> None:
        for number in numbers:
            await ask(number)

    with timed(load) as costs:
        async with asyncio.TaskGroup() as group:
            for _ in range(load.in_flight):
                group.create_task(work())
    return costs[0]


def sdk(url: str, load: Load, http_client: Any = None) -> Cost:
    from openai import AsyncOpenAI

    async def run() -> Cost:
        async with AsyncOpenAI(base_url=url, max_retries=0, http_client=http_client) as client:

            async def ask(number: int) -> object:
                made: Any = client.chat.completions.create
                return await made(model="m", messages=messages(number), temperature=0, max_tokens=MOST_TOKENS)

            return await ask_all(ask, load)

    return asyncio.run(run())


def sdk_aiohttp(url: str, load: Load) -> Cost:
    from httpx2 import Limits
    from openai import DefaultAioHttpClient

    return sdk(url, load, DefaultAioHttpClient(limits=Limits(max_connections=load.in_flight)))


def bare_aiohttp(url: str, load: Load) -> Cost:
    import aiohttp
    import orjson

    async def run() -> Cost:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def ask(number: int) -> object:
                body = {"model": "m", "messages": messages(number), "temperature": 0, "max_tokens": MOST_TOKENS}
                async with session.post(f"{url}/chat/completions", data=orjson.dumps(body)) as response:
                    return orjson.loads(await response.read())

            return await ask_all(ask, load)

    return asyncio.run(run())


def adapter(url: str, load: Load) -> Cost:
    from prompts.messages import Message
    from teachers.base import Request, Sampling
    from teachers.catalog import open_teacher

    async def run() -> Cost:
        teacher = open_teacher(f"openai:m@{url}", concurrency=load.in_flight)
        how = Sampling(temperature=0, max_tokens=MOST_TOKENS)

        async def ask(number: int) -> object:
            turns = (Message("system", SYSTEM), Message("user", user_text(number)))
            return await teacher.complete(Request(teacher.identity, turns, how))

        try:
            return await ask_all(ask, load)
        finally:
            await teacher.close()

    return asyncio.run(run())


RECIPE = """
name: bench
prompts: {{source: rows.jsonl, template: mail.md}}
purpose: task
teacher: openai:m@{url}
generate: {{concurrency: {in_flight}, temperature: 0, max_tokens: {most}}}
student: {{base: none}}
evaluate: {{scorer: label, labels: [spam, ham]}}
"""
TEMPLATE = f"""---
name: mail
fields: [number]
system: {SYSTEM}
---
Mail {{{{ number }}}}: {FILLER}
"""


def command(url: str, load: Load) -> dict[str, Cost]:
    """`stillhouse generate`: its asking, and the whole of it."""
    from pipeline.cli import cli

    generation: Any = import_module("pipeline.generate.generation")
    for late in ("openai", "teachers.openai.teacher", "teachers.transport.http_client"):
        import_module(late)
    asking: list[Cost] = []
    ask = generation.ask

    @functools.wraps(ask)
    async def timed_ask(*args: Any, **named: Any) -> Any:
        with timed(load) as costs:
            tally = await ask(*args, **named)
        asking.extend(costs)
        return tally

    generation.ask = timed_ask
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.joinpath("rows.jsonl").write_text("".join(f'{{"number": "{i}"}}\n' for i in range(load.requests)))
        home.joinpath("mail.md").write_text(TEMPLATE)
        home.joinpath("recipe.yaml").write_text(RECIPE.format(url=url, in_flight=load.in_flight, most=MOST_TOKENS))
        with timed(load) as whole, contextlib.redirect_stdout(io.StringIO()):
            cli(["generate", str(home / "recipe.yaml"), "--dir", str(home / "run")], standalone_mode=False)
        check_rows(home / "run" / "replies.parquet", load)
    return {"run": asking[0], "stage": whole[0]}


def check_rows(replies: Path, load: Load) -> None:
    """A fast client that loses rows is none."""
    import pyarrow.parquet as pq

    read = pq.read_table(replies, columns=["outcome", "sample_id"]).to_pydict()
    assert read["outcome"] == ["ok"] * load.requests, set(read["outcome"])
    assert len(set(read["sample_id"])) == load.requests


Row = Callable[[str, Load], dict[str, Cost]]


def named(name: str, measure: Callable[[str, Load], Cost]) -> Row:
    return lambda url, load: {name: measure(url, load)}


ROWS: dict[str, Row] = {
    "sdk": named("sdk", sdk),
    "sdk_aiohttp": named("sdk_aiohttp", sdk_aiohttp),
    "aiohttp": named("aiohttp", bare_aiohttp),
    "adapter": named("adapter", adapter),
    "run": command,
}


# The table


def in_own_process(row: str, url: str, load: Load) -> dict[str, Cost]:
    told = json.dumps([load.requests, load.in_flight, load.delay_s])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.client", "--measure", url, told, row],
        env={**os.environ, "OPENAI_API_KEY": "no-key-000000"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {name: Cost(*told) for name, told in json.loads(done.stdout.splitlines()[-1]).items()}


def compare(rows: list[str], load: Load, repeats: int) -> dict[str, Cost]:
    """Each row's median, the rows taking turns."""
    costs: defaultdict[str, list[Cost]] = defaultdict(list)
    with running_server(load.delay_s) as url:
        for _ in range(repeats):
            for row in rows:
                for name, cost in in_own_process(row, url, load).items():
                    costs[name].append(cost)
    return {name: median(found) for name, found in costs.items()}


def median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(cost.wall_s for cost in costs), statistics.median(cost.cpu_ms for cost in costs))


def show(load: Load, costs: dict[str, Cost]) -> None:
    print(f"{load.requests} requests, {load.in_flight} in flight, the server answers after {load.delay_s:g} s")
    print(f"  {'limit':<14} {load.limit_s:6.2f} s {load.requests / load.limit_s:7.0f}/s")
    for row, cost in costs.items():
        rate = load.requests / cost.wall_s
        print(f"  {row:<14} {cost.wall_s:6.2f} s {rate:7.0f}/s {cost.cpu_ms:6.2f} ms CPU a request")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--serve", type=float)
    parser.add_argument("--measure", nargs=2)
    asked = parser.parse_args()
    if asked.serve is not None:
        asyncio.run(serve(asked.serve))
    elif asked.measure is not None:
        url, told = asked.measure
        costs = ROWS[asked.rows[0]](url, Load(*json.loads(told)))
        print(json.dumps({name: [cost.wall_s, cost.cpu_ms] for name, cost in costs.items()}))
    else:
        for load in LOADS:
            show(load, compare(asked.rows or list(ROWS), load, asked.repeats))


if __name__ == "__main__":
    main()
