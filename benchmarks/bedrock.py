"""Bedrock requests per second with 50 and 200 in flight: python -m benchmarks.bedrock

The server answers every request after 500 ms, so 50 in flight could be 100 a second and 200 could be 400. It is a
process of its own, with one event loop and no HTTP library. Beside ours stand, in the same run, what threads
and sockets alone reach (http.client, no signature) and boto3 as it comes, each on as many threads.

The three are measured in turn, several times over. CPU is this process's, a request.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from prompts.messages import Message
from teachers.base import Request, Sampling, Teacher
from teachers.catalog import open_teacher

DELAY_S = 0.5
ROUNDS = 20
REPEATS = 3
IN_FLIGHT = (50, 200)
MODEL = "us.amazon.nova-pro-v1:0"
PROMPT = "Is this mail spam? " + "word " * 600
MESSAGES = [{"role": "user", "content": [{"text": PROMPT}]}]
CONFIG = {"maxTokens": 8, "temperature": 0.0}
KEYS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "us-east-1"}

BODY = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "spam"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 610, "outputTokens": 2, "totalTokens": 612},
        "metrics": {"latencyMs": 500},
    }
).encode()
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-amzn-requestid: 0\r\ncontent-length: %d\r\n\r\n"
    % len(BODY)
    + BODY
)


class Slow(asyncio.Protocol):
    """Answers each request on a connection DELAY_S after its last byte."""

    def __init__(self) -> None:
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers later what is whole by now."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            self._got = b""
            asyncio.get_running_loop().call_later(DELAY_S, self._transport.write, ANSWER)


async def serve() -> None:
    """Serves until it is killed; the port is the only thing it prints."""
    server = await asyncio.get_running_loop().create_server(Slow, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running_server() -> Iterator[int]:
    """The server's port."""
    command = [sys.executable, "-m", "benchmarks.bedrock", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@dataclass(frozen=True)
class Measured:
    """One run of ROUNDS requests a place."""

    per_s: float
    cpu_ms: float


def timed(in_flight: int, run: Callable[[int], object]) -> Measured:
    """Measures `run(requests)` after one request a place, which opens the connections."""
    run(in_flight)
    requests = in_flight * ROUNDS
    started, cpu = time.perf_counter(), time.process_time()
    run(requests)
    return Measured(requests / (time.perf_counter() - started), (time.process_time() - cpu) / requests * 1000)


def bare_sockets(port: int, in_flight: int) -> Measured:
    """http.client on threads: the limit."""
    local = threading.local()
    body = json.dumps({"messages": MESSAGES, "inferenceConfig": CONFIG})

    def ask(_: int) -> object:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection("127.0.0.1", port)
        local.connection.request("POST", f"/model/{MODEL}/converse", body, {"content-type": "application/json"})
        return json.loads(local.connection.getresponse().read())

    with ThreadPoolExecutor(in_flight) as pool:
        return timed(in_flight, lambda requests: list(pool.map(ask, range(requests))))


def bare_boto3(port: int, in_flight: int) -> Measured:
    """boto3 on threads, its pool of connections as large."""
    import boto3
    from botocore.config import Config

    config = Config(max_pool_connections=in_flight, retries={"total_max_attempts": 1})
    client = boto3.Session().client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}", config=config
    )

    def ask(_: int) -> object:
        return client.converse(modelId=MODEL, messages=MESSAGES, inferenceConfig=CONFIG)

    with ThreadPoolExecutor(in_flight) as pool:
        return timed(in_flight, lambda requests: list(pool.map(ask, range(requests))))


def ours(port: int, in_flight: int) -> Measured:
    """The teacher, asked by as many tasks as a pipeline would have."""
    teacher = open_teacher(f"bedrock:{MODEL}@http://127.0.0.1:{port}", concurrency=in_flight)
    request = Request(teacher.identity, (Message("user", PROMPT),), Sampling(temperature=0.0, max_tokens=8))
    with asyncio.Runner() as runner:
        try:
            return timed(in_flight, lambda requests: runner.run(ask_all(teacher, request, requests, in_flight)))
        finally:
            runner.run(teacher.close())


async def ask_all(teacher: Teacher, request: Request, requests: int, in_flight: int) -> None:
    """So many requests, so many at once."""
    numbers = iter(range(requests))

    async def work() -> None:
        for _ in numbers:
            await teacher.complete(request)

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())


def main() -> None:
    os.environ.update(KEYS)
    ways = {"http.client, unsigned": bare_sockets, "boto3": bare_boto3, "bedrock teacher": ours}
    with running_server() as port:
        for in_flight in IN_FLIGHT:
            ideal = in_flight / DELAY_S
            runs = [{name: way(port, in_flight) for name, way in ways.items()} for _ in range(REPEATS)]
            print(f"{in_flight} in flight, {DELAY_S * 1000:.0f} ms each: ideal {ideal:.0f} requests/s")
            for name in ways:
                found = [run[name] for run in runs]
                rate = statistics.median(item.per_s for item in found)
                cpu_ms = statistics.median(item.cpu_ms for item in found)
                least, most = (100 * edge(item.per_s for item in found) / ideal for edge in (min, max))
                print(f"  {name:<22} {rate:6.0f} requests/s {100 * rate / ideal:5.1f} % ", end="")
                print(f"({least:.1f} to {most:.1f})  {cpu_ms:5.2f} ms CPU")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main()
