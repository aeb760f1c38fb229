"""Killed at random moments, also while it starts and recovers: nothing lost, nothing twice, the same export."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.journal.progress import progress_of
from tests.pipeline.helpers import command, environment, stillhouse, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, echo

BY_CHANCE = ["created_at", "latency_s", "attempts"]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def slow_echo(seen: Seen) -> Answer:
    answer = echo(seen)
    return Answer(answer.status, answer.body, answer.headers, delay_s=0.05)


@pytest.mark.parametrize(
    ("kills", "prompts", "in_flight"),
    [(6, 90, 4), pytest.param(200, 10_000, 16, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])],
)
def test_kills_lose_nothing_and_pay_at_most_for_what_was_in_flight(
    kills: int, prompts: int, in_flight: int, tmp_path: Path, server: FaultServer
) -> None:
    server.responder = slow_echo
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(prompts)])
    generate = {"concurrency": in_flight, "temperature": 0.0, "attempts": 2}
    recipe, chance = write_recipe(tmp_path, teacher=server.spec(), generate=generate), random.Random(7)
    for number in range(kills):
        _live_and_die(recipe, server, chance, early=number % 4 == 0)
    final = stillhouse("run", recipe, "--until", "curate", cwd=tmp_path)
    assert final.returncode == 0, final.stderr
    asked = Counter(seen.turn for seen in server.requests)
    sent_again, left = sum(asked.values()) - prompts, _attempts(tmp_path).get("unknown", 0)
    print(f"{kills} kills over {prompts} requests: {sent_again} sent again, {left} were in flight when killed")
    assert len(asked) == prompts
    assert sent_again <= left <= kills * in_flight
    table = _replies(tmp_path)
    assert table.num_rows == len(set(table["sample_id"].to_pylist())) == prompts
    # The server echoes, so every reply must be its own prompt's last turn.
    assert table["reply"].to_pylist() == [messages[-1]["content"] for messages in table["messages"].to_pylist()]
    assert _as_bytes(table) == _as_bytes(_undisturbed(tmp_path, server))


def _live_and_die(recipe: Path, server: FaultServer, chance: random.Random, *, early: bool) -> None:
    """Most die while they generate; the early ones while they import, recover, declare, or have nothing left to do."""
    process = subprocess.Popen(
        command("run", recipe, "--until", "curate"), cwd=recipe.parent, env=environment(), stderr=subprocess.PIPE
    )
    before = len(server.requests)
    while not early and len(server.requests) == before and process.poll() is None:
        time.sleep(0.005)
    time.sleep(chance.uniform(0.0, 1.5 if early else 0.4))
    process.kill()
    process.communicate()


def _attempts(folder: Path) -> dict[str, int]:
    attempts: dict[str, int] = progress_of(folder / "runs/small/journal.sqlite")["attempts"]
    return attempts


def _replies(folder: Path) -> pa.Table:
    return pq.read_table(folder / "runs/small/replies.parquet").drop_columns(BY_CHANCE)


def _as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink)
    return bytes(sink.getvalue())


def _undisturbed(folder: Path, server: FaultServer) -> pa.Table:
    other = folder / "undisturbed"
    other.mkdir()
    for name in ("recipe.yaml", "rows.jsonl", "t.md"):
        shutil.copyfile(folder / name, other / name)
    server.responder = echo
    assert stillhouse("generate", other / "recipe.yaml", cwd=other).returncode == 0
    return _replies(other)
