"""What befalls a run from outside: clocks, memory, servers, sleep, signals, torn pages. Nothing is lost."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from tests.pipeline.helpers import (
    ROOT,
    command,
    environment,
    reply,
    request,
    stillhouse,
    wanted,
    write_recipe,
    write_rows,
)
from tests.servers.faults import Answer, FaultServer, Seen, chat, echo, fail_first

IN_FLIGHT = 4


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def slow(delay_s: float) -> Any:
    """A responder that echoes after so many seconds."""

    def responder(seen: Seen) -> Answer:
        answer = echo(seen)
        return Answer(answer.status, answer.body, answer.headers, delay_s=delay_s)

    return responder


def recipe_for(folder: Path, teacher: Any, prompts: int, **generate: Any) -> Path:
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(prompts)])
    settings = {"concurrency": IN_FLIGHT, "temperature": 0.0, **generate}
    return write_recipe(folder, teacher=teacher, generate=settings)


def begin(recipe: Path, *launcher: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, *launcher, "generate", str(recipe)] if launcher else command("generate", recipe)
    return subprocess.Popen(
        arguments, cwd=recipe.parent, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def end(process: subprocess.Popen[str]) -> str:
    """Its messages."""
    _, errors = process.communicate(timeout=60)
    return errors


def wait_for(count: int, server: FaultServer, process: subprocess.Popen[str]) -> None:
    while len(server.requests) < count and process.poll() is None:
        time.sleep(0.005)


def table(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / "runs/small/replies.parquet").to_pylist()
    return found


def whole_and_own(folder: Path, prompts: int) -> None:
    """Every prompt has its own reply: the servers echo."""
    found = table(folder)
    assert len(found) == prompts
    assert all((row["outcome"], row["reply"]) == ("ok", row["messages"][-1]["content"]) for row in found)


def asked_again(server: FaultServer) -> int:
    return sum(Counter(seen.turn for seen in server.requests).values()) - len({seen.turn for seen in server.requests})


JUMPING_CLOCK = """
import itertools, time
real, jumps = time.time, itertools.cycle((0.0, 86_400.0, -86_400.0, 3e7, -3e7))
time.time = lambda: real() + next(jumps)
from pipeline.cli import main
main()
"""


def test_a_wall_clock_that_jumps_changes_no_wait_and_no_duration(tmp_path: Path, server: FaultServer) -> None:
    later = Answer(429, b"{}", {"retry-after-ms": "50"})
    server.responder = fail_first(1, Answer(503), fail_first(3, later))
    recipe = recipe_for(tmp_path, {"spec": server.spec(), "requests_per_minute": 6000}, 30)
    started = time.monotonic()
    process = begin(recipe, "-c", JUMPING_CLOCK)
    errors = end(process)
    assert process.returncode == 0, errors
    assert time.monotonic() - started < 45
    whole_and_own(tmp_path, 30)
    assert asked_again(server) == 4
    assert all(0 <= row["latency_s"] < 30 for row in table(tmp_path))
    stage = json.loads((tmp_path / "runs/small/manifest.json").read_text())["stages"]["generate"]
    assert 0 < stage["seconds"] < 45


SMALL = f"""
import resource
import pipeline.generate.generation, pipeline.generate.stage, pipeline.inference.session, pipeline.stages
import aiohttp, openai, orjson, pyarrow.compute, pyarrow.parquet, sqlite3, tenacity, teachers.transport.http_client
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * {resource.getpagesize()} + 150_000_000
resource.setrlimit(resource.RLIMIT_AS, (most, most))
from pipeline.cli import main
main()
"""
"""The command, with 150 MB to grow in."""


def test_a_run_out_of_memory_loses_nothing_that_was_journaled(tmp_path: Path, server: FaultServer) -> None:
    """From the thirtieth on each reply is 30 MB; several of them at once, decoded, are too much."""
    huge = chat("x" * 30_000_000)
    replies = iter(range(10**6))
    server.responder = lambda seen: echo(seen) if next(replies) < 30 else huge
    recipe = recipe_for(tmp_path, server.spec(), 60, attempts=1)
    process = begin(recipe, "-c", SMALL)
    errors = end(process)
    journal = tmp_path / "runs/small/journal.sqlite"
    paid = {
        row["messages"][-1]["content"] for row in rows(journal) if row["outcome"] == "ok" and len(row["reply"]) < 99
    }
    assert 20 <= len(paid) <= 30, errors  # the last of them may have been in flight
    assert process.returncode == 1, errors
    server.responder, before = echo, len(server.requests)
    assert stillhouse("generate", recipe, cwd=tmp_path).returncode == 0
    assert not paid & {seen.turn for seen in server.requests[before:]}


MORTAL = """
import sys
from pathlib import Path
from tests.servers import faults
def responder(seen):
    with log.open("a") as file: file.write(seen.turn + "\\n")
    answer = faults.echo(seen)
    return faults.Answer(answer.status, answer.body, answer.headers, delay_s=0.1)
log, server = Path(sys.argv[2]), faults.FaultServer(responder)
server._server.server_close()
server._server = faults._Server(("127.0.0.1", int(sys.argv[1])), faults._handler(server))
server._server.serve_forever()
"""
"""The server as a process that can be killed, on a port of ours."""


@contextmanager
def mortal(port: int, log: Path) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", MORTAL, str(port), str(log)], cwd=ROOT)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_server_that_dies_and_comes_back_at_its_port_is_gone_on_with(tmp_path: Path) -> None:
    log = tmp_path / "asked.txt"
    log.touch()
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    recipe = recipe_for(tmp_path, f"openai:test-model@http://127.0.0.1:{port}/v1", 60)
    with mortal(port, log):
        process = begin(recipe)
        while len(log.read_text().splitlines()) < 20 and process.poll() is None:
            time.sleep(0.005)
    time.sleep(0.5)
    with mortal(port, log):
        errors = end(process)
    assert process.returncode == 0, errors
    whole_and_own(tmp_path, 60)
    asked = log.read_text().splitlines()
    assert len(set(asked)) == 60
    assert len(asked) - 60 <= IN_FLIGHT


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_laptop_that_sleeps_loses_nothing_and_pays_again_at_most_for_what_was_in_flight(
    tmp_path: Path, server: FaultServer
) -> None:
    """Stopped for longer than its time-out and than the server keeps a connection."""
    server.responder = slow(0.3)
    server._server.RequestHandlerClass.timeout = 0.8  # type: ignore[attr-defined]
    recipe = recipe_for(tmp_path, server.spec(), 24, timeout_s=1.0)
    process = begin(recipe)
    wait_for(8, server, process)
    process.send_signal(signal.SIGSTOP)
    time.sleep(2.0)
    process.send_signal(signal.SIGCONT)
    errors = end(process)
    assert process.returncode == 0, errors
    whole_and_own(tmp_path, 24)
    assert asked_again(server) <= IN_FLIGHT


SIGNALS = [
    pytest.param([signal.SIGTERM], id="term"),
    pytest.param([signal.SIGINT] * 2, id="int-twice", marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
]


@pytest.mark.parametrize("signals", SIGNALS)
def test_a_stop_is_resumable_and_a_second_one_waits_for_nobody(
    signals: list[signal.Signals], tmp_path: Path, server: FaultServer
) -> None:
    patient = len(signals) == 1
    server.responder = slow(0.3 if patient else 20.0)
    recipe = recipe_for(tmp_path, server.spec(), 24)
    process = begin(recipe)
    wait_for(IN_FLIGHT if patient else 1, server, process)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3)
    started = time.monotonic()
    errors = end(process)
    assert process.returncode == 130, errors
    assert time.monotonic() - started < 10
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    attempts = progress_of(tmp_path / "runs/small/journal.sqlite")["attempts"]
    assert (attempts.get("in_flight", 0) == 0) == patient
    if patient:
        return  # as after one Ctrl-C: test_generate.py goes on from there
    server.responder = echo
    assert stillhouse("generate", recipe, cwd=tmp_path).returncode == 0
    whole_and_own(tmp_path, 24)
    assert asked_again(server) == attempts["in_flight"]


def test_a_page_that_was_half_written_when_the_power_went_is_written_again(tmp_path: Path) -> None:
    """The log was on disk before its pages were copied into the file: any of them may be torn."""
    path, copy = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    texts = [f"text {i}" for i in range(12)]

    async def work() -> None:
        with Journal(path) as journal:
            await journal.want((wanted(text),) for text in texts)
            for text in texts:
                await journal.settle(await journal.intend(request(text)), request(text), reply(text))
            shutil.copyfile(path, copy)
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")

    Journal(path).close()  # the tables are in the file itself; the log holds the records
    asyncio.run(work())
    log, body = Path(f"{copy}-wal").read_bytes(), bytearray(copy.read_bytes())
    size = int.from_bytes(log[8:12], "big")
    logged = {int.from_bytes(log[at : at + 4], "big") for at in range(32, len(log), 24 + size)}
    torn = [number for number in logged if number * size <= len(body)]
    assert len(torn) > 5
    for number in torn:
        body[number * size - size // 2 : number * size] = b"\xff" * (size // 2)
    copy.write_bytes(body)
    with Journal(copy) as journal:
        assert journal.read("PRAGMA integrity_check") == [("ok",)]
    assert [row["reply"] for row in rows(copy)] == texts
