"""Whole runs on a wire that fails in every way it can: nothing is lost, mixed up or paid twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from pipeline.journal.read import attempts_of
from pipeline.journal.schema import read_only
from pipeline.run.records import read_rows
from teachers.base import Outcome
from tests.pipeline.helpers import environment, write_recipe, write_rows
from tests.servers.catalog import ALL_WIRES, Fault, faults_of
from tests.servers.chaos import Chaos, nonce_in
from tests.servers.faults import FaultServer
from tests.servers.wires import Wire, echo_any

HASTY = """
import sys, teachers.pacing.account, teachers.transport.http, teachers.transport.http_client
teachers.transport.http.MAX_HINT_S = 0.5
teachers.transport.http_client.MAX_BODY_BYTES = 4 << 20
class Steady(teachers.pacing.account.Ceiling):
    def __init__(self, most, *, adaptive): super().__init__(most, adaptive=False)
teachers.pacing.account.Ceiling = Steady
from pipeline.cli import main
main()
"""
"""The command, but for its patience: a server that says "in a year" is waited for half a second instead of an hour;
a bomb is given up after 4 MiB: some hundred of them at 64 MiB each are most of a minute; and the ceiling stays where
it is: these 429s and 5xx come by lot, whatever the load, and it would rightly fall to one or two in flight."""

ATTEMPTS, TIMEOUT_S = 3, 2.5


@dataclass(frozen=True)
class Run:
    """A finished run and what the server saw of it."""

    folder: Path
    wire: Wire
    server: FaultServer
    chaos: Chaos
    summary: dict[str, Any]
    prompts: int

    @property
    def root(self) -> Path:
        return self.folder / "runs/small"

    @property
    def counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = self.summary["manifest"]["stages"]["curate"]["counts"]
        return counts

    def again(self) -> dict[str, Any]:
        return stillhouse(self.folder, self.wire)


def stillhouse(folder: Path, wire: Wire) -> dict[str, Any]:
    """`stillhouse run recipe.yaml --until curate --json`."""
    command = [sys.executable, "-c", HASTY, "run", "recipe.yaml", "--until", "curate", "--json"]
    done = subprocess.run(
        command, cwd=folder, env=environment(**wire.keys), capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def nonces(chaos: Chaos, count: int, *, every_fault: bool) -> list[str]:
    """The first `count` nonces, and for each fault that their first attempts do not meet the first nonce whose does."""
    found = [f"nonce-{i:05d}" for i in range(count)]
    if not every_fault:
        return found
    drawn = {nonce: chaos.draw(nonce, 0) for nonce in (f"nonce-{i:05d}" for i in range(100 * count))}
    by_fault = {fault.name: nonce for nonce, fault in reversed(drawn.items()) if fault is not None}
    return sorted({*found, *by_fault.values()})


@pytest.fixture(
    scope="module",
    params=[("chat", 300), ("anthropic", 100), ("converse", 100)],
    ids=["chat", "anthropic", "converse"],
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    name, count = request.param
    wire, folder = ALL_WIRES[name], tmp_path_factory.mktemp(name)
    chaos = Chaos(wire)
    with FaultServer(chaos) as server:
        texts = nonces(chaos, count, every_fault=name == "chat")
        write_rows(folder / "rows.jsonl", [{"text": text, "label": "spam"} for text in texts])
        generate = {"attempts": ATTEMPTS, "timeout_s": TIMEOUT_S, "concurrency": 48, "max_tokens": 16}
        logprobs = {"top_logprobs": 2} if name == "chat" else {}
        write_recipe(folder, teacher=wire.spec(server), purpose="task", generate={**generate, **logprobs})
        yield Run(folder, wire, server, chaos, stillhouse(folder, wire), len(texts))


def test_nothing_disappears(run: Run) -> None:
    counts = run.counts
    dropped = sum(sum(reasons.values()) for reasons in counts["dropped"].values())
    failed = sum(counts["failed"].values())
    assert counts["kept"] + dropped + failed == counts["samples"] == run.prompts
    assert min(counts["kept"], dropped, failed) > 0
    assert counts["kept"] == len(list(read_rows(run.root / "kept.parquet")))
    assert dropped == len(list(read_rows(run.root / "dropped.parquet")))


def test_every_reply_is_on_its_own_prompt(run: Run) -> None:
    rows = list(read_rows(run.root / "replies.parquet"))
    assert len({nonce_in(row["messages"][-1]["content"]) for row in rows}) == run.prompts
    answered = [row for row in rows if row["reply"]]
    assert len(answered) > run.prompts / 4
    for row in answered:
        assert nonce_in(row["reply"]) == nonce_in(row["messages"][-1]["content"])


def test_every_attempt_ended_as_its_fault_must(run: Run) -> None:
    attempts = unseen = 0
    for row in read_rows(run.root / "replies.parquet"):
        ended = attempts_of(run.root / "journal.sqlite", row["request_key"])
        met = run.chaos.drawn.get(nonce_in(row["messages"][-1]["content"]), [])
        attempts += len(ended)
        if len(ended) == len(met) and not any(map(is_late, ended)):  # one given up may reach the server after the next
            for attempt, fault in zip(ended, met, strict=True):
                assert attempt["outcome"] in allowed(fault, attempt), (fault and fault.name, attempt)
        else:
            unseen += len(ended) - len(met)
            assert sum(map(is_late, ended)) >= len(ended) - len(met)
    assert attempts - unseen == len(run.server.requests)


def is_late(attempt: dict[str, Any]) -> bool:
    """Whether the client gave it up; on a busy machine it may not even have been sent."""
    return "no answer within" in (attempt["detail"] or "")


def allowed(fault: Fault | None, attempt: dict[str, Any]) -> set[str]:
    """How the attempt may have ended. On a busy machine even a good answer can come too late."""
    late = {"transient"} if is_late(attempt) else set()
    return {*(fault.outcomes if fault else ["ok"]), *late}


def test_the_journal_holds_only_the_contracts_outcomes(run: Run) -> None:
    with closing(read_only(run.root / "journal.sqlite")) as journal:
        found = {row[0] for row in journal.execute("SELECT DISTINCT outcome FROM attempts")}
    assert found <= set(get_args(Outcome)) - {"unknown", "auth"}
    assert found >= {"ok", "transient", "rate_limited", "malformed", "truncated", "invalid"}


def test_every_fault_was_met(run: Run) -> None:
    if run.wire.name == "chat":
        assert set(run.chaos.met) == {fault.name for fault in faults_of(run.wire)}


def test_a_second_run_without_faults_asks_only_what_failed(run: Run) -> None:
    """The last test on this run: it changes it."""
    before = {row["sample_id"]: row for row in read_rows(run.root / "replies.parquet")}
    failed = {nonce_in(row["messages"][-1]["content"]) for row in before.values() if not row["usage"]}
    asked = len(run.server.requests)
    run.server.responder = echo_any
    counts = run.again()["manifest"]["stages"]["curate"]["counts"]
    assert counts["failed"] == {}
    assert sorted(nonce_in(seen.turn) for seen in run.server.requests[asked:]) == sorted(failed)
    assert len(run.server.requests) - asked == len(failed) == sum(run.counts["failed"].values())
    for row in read_rows(run.root / "replies.parquet"):
        old = before[row["sample_id"]]
        assert row["reply"] == old["reply"] or old["usage"] is None
        assert (row["outcome"], row["finish_reason"]) != ("unknown", None)


def test_a_journal_is_a_whole_database(run: Run) -> None:
    with closing(sqlite3.connect(run.root / "journal.sqlite")) as journal:
        assert journal.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
