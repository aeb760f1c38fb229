"""What a provider refuses in the middle of a run: one message, nothing paid is lost, and the rest goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.journal.read import attempts_of
from pipeline.run.records import read_rows
from tests.pipeline.helpers import stillhouse, tell, write_recipe, write_rows
from tests.servers.catalog import ALL_WIRES, answer_well, refuse
from tests.servers.chaos import nonce_in
from tests.servers.faults import Answer, FaultServer, Seen, as_json
from tests.servers.wires import Wire

ROWS, GOOD = 40, 15
EACH_WIRE = pytest.mark.parametrize("name", ["chat", "anthropic", "converse"])


def good(wire: Wire, seen: Seen) -> Answer:
    return answer_well(wire, f"spam {nonce_in(seen.turn)}")


def after(count: int, wire: Wire, failure: Answer) -> Callable[[Seen], Answer]:
    """Good answers to the first `count` requests, then the failure to every other."""
    left, lock = iter(range(count)), threading.Lock()

    def responder(seen: Seen) -> Answer:
        with lock:
            fine = next(left, None) is not None
        return good(wire, seen) if fine else failure

    return responder


def write_run(folder: Path, wire: Wire, server: FaultServer) -> None:
    write_rows(folder / "rows.jsonl", [{"text": f"nonce-{i:03d}", "label": "spam"} for i in range(ROWS)])
    generate = {"attempts": 3, "timeout_s": 20, "concurrency": 4, "max_tokens": 16}
    write_recipe(folder, teacher=wire.spec(server), purpose="task", generate=generate)


def run(folder: Path, wire: Wire, *options: str) -> Any:
    return stillhouse("run", "recipe.yaml", "--until", "curate", "--json", *options, cwd=folder, **wire.keys)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return list(read_rows(folder / "runs/small/replies.parquet"))


STOPPING = [
    ("chat", 401, "invalid key"),
    ("chat", 402, "no credit left"),
    ("anthropic", 403, "you may not use this model"),
    ("converse", 401, "the token has expired"),
]


@pytest.mark.parametrize(("name", "status", "message"), STOPPING)
def test_a_refused_key_stops_the_run_and_the_paid_replies_stay(
    tmp_path: Path, name: str, status: int, message: str
) -> None:
    wire = ALL_WIRES[name]
    with FaultServer() as server:
        write_run(tmp_path, wire, server)
        server.responder = after(GOOD, wire, refuse(wire, status, message))
        stopped = run(tmp_path, wire)
        told = stopped.stderr.splitlines()
        assert stopped.returncode == 1
        assert sum(message in line for line in told) == 1, stopped.stderr
        assert json.loads(stopped.stdout)["exit_code"] == 1
        refused = len(server.requests) - GOOD
        assert 1 <= refused <= 4  # those in flight
        server.requests.clear()
        server.responder = lambda seen: good(wire, seen)
        assert run(tmp_path, wire).returncode == 0
        assert len(server.requests) == ROWS - GOOD
    for row in rows_of(tmp_path):
        assert nonce_in(row["reply"]) == nonce_in(row["messages"][-1]["content"])


@EACH_WIRE
def test_an_unknown_model_stops_the_run_with_one_message(tmp_path: Path, name: str) -> None:
    wire = ALL_WIRES[name]
    with FaultServer(lambda seen: refuse(wire, 404, "no such model: test-model")) as server:
        write_run(tmp_path, wire, server)
        stopped = run(tmp_path, wire)
        assert stopped.returncode == 1
        assert sum("no such model" in line for line in stopped.stderr.splitlines()) == 1, stopped.stderr
        assert "model" in stopped.stderr.partition("no such model: test-model")[2]  # what to do
        assert len(server.requests) < 2 * 10  # enough to know, not all


@EACH_WIRE
def test_a_context_that_is_too_long_is_one_prompts_matter(tmp_path: Path, name: str) -> None:
    wire, long = ALL_WIRES[name], "nonce-007"

    def responder(seen: Seen) -> Answer:
        return too_long(wire) if nonce_in(seen.turn) == long else good(wire, seen)

    with FaultServer(responder) as server:
        write_run(tmp_path, wire, server)
        done = run(tmp_path, wire)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == ROWS  # what is refused is not asked again
    by_nonce = {nonce_in(row["messages"][-1]["content"]): row for row in rows_of(tmp_path)}
    assert by_nonce.pop(long)["outcome"] == "invalid"
    assert {row["outcome"] for row in by_nonce.values()} == {"ok"}
    counts = json.loads(done.stdout)["manifest"]["stages"]["curate"]["counts"]
    assert counts["failed"] == {"invalid": 1}
    assert "maximum context" in done.stderr or "too long" in done.stderr


def test_the_refused_prompts_story_has_the_providers_words(tmp_path: Path) -> None:
    wire = ALL_WIRES["chat"]
    with FaultServer(lambda seen: too_long(wire) if "nonce-007" in seen.turn else good(wire, seen)) as server:
        write_run(tmp_path, wire, server)
        run(tmp_path, wire)
    [row] = [row for row in rows_of(tmp_path) if row["outcome"] == "invalid"]
    [attempt] = attempts_of(tmp_path / "runs/small/journal.sqlite", row["request_key"])
    assert attempt["outcome"] == "invalid"
    assert "maximum context length" in attempt["detail"]
    assert "Shorten the prompt" in attempt["detail"]
    assert "maximum context length" in tell("why", "runs/small", row["sample_id"], cwd=tmp_path).stdout


def too_long(wire: Wire) -> Answer:
    """The words of each provider for it."""
    if wire.name == "chat":
        details = {"message": "This model's maximum context length is 8192 tokens", "code": "context_length_exceeded"}
        return as_json({"error": {"type": "invalid_request_error", **details}}, 400)
    return refuse(wire, 400, "prompt is too long: 9000 tokens > 8192 maximum")


@EACH_WIRE
def test_a_base_url_that_answers_html_is_told_in_one_message(tmp_path: Path, name: str) -> None:
    wire = ALL_WIRES[name]
    page = Answer(200, b"<!doctype html><title>Welcome</title>", {"content-type": "text/html"})
    with FaultServer(lambda seen: page) as server:
        write_run(tmp_path, wire, server)
        done = run(tmp_path, wire, "--set", "generate.attempts=1", "--set", "prompts.limit=5")
    assert done.returncode == 1
    assert "web page" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
