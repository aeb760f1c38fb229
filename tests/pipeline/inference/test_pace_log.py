"""Accounts, progress for machines, and the pace afterwards, through the command line and a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.inference.accounts import account_of, check_limits
from pipeline.inference.endpoints import ConfiguredTeacher, configure_teacher
from pipeline.inference.pace_log import read_pace, render_pace, summarise
from pipeline.recipe.recipe import Generate
from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import InputError
from tests.pipeline.helpers import stillhouse, tell, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, echo

PLACES = 5


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def endpoint(spec: str, **fields: object) -> ConfiguredTeacher:
    return configure_teacher(
        TeacherEntry.model_validate({"spec": spec, **fields}), Generate(max_tokens=4), system=False
    )


def test_one_key_at_one_host_is_one_account_and_a_local_model_has_its_own(tmp_path: Path) -> None:
    first, second = (account_of(endpoint(f"openai:{model}")) for model in ("gpt-4.1", "gpt-4.1-mini"))
    assert first == second
    assert account_of(endpoint("openai:gpt-4.1@http://127.0.0.1:8000/v1")) != first
    assert account_of(endpoint("openai:gpt-4.1", account="mine")) == "mine"
    scripts = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for script in scripts:
        write_rows(script, [{"reply": "x"}])
    assert len({account_of(endpoint(f"scripted:{script}")) for script in scripts}) == 2


def test_different_limits_of_one_account_are_an_error() -> None:
    one, other = (
        endpoint("openai:gpt-4.1", name=name, requests_per_minute=rpm) for name, rpm in (("a", 10), ("b", 20))
    )
    silent = endpoint("openai:gpt-4.1", name="c")
    check_limits({0: one, 1: silent})
    check_limits({0: silent, 1: one})
    with pytest.raises(InputError, match=r"requests_per_minute.*'a' and 'b'.*account"):
        check_limits({0: one, 1: silent, 2: other})


def admitting(places: int, delay_s: float) -> tuple[FaultServer, list[int]]:
    """A server that answers 429 beyond so many at once; the 429s so far."""
    lock, flying, refused = threading.Lock(), [0], [0]
    server = FaultServer()

    def responder(seen: Seen) -> Answer:
        with lock:
            if flying[0] >= places:
                refused[0] += 1
                return Answer(429, b"{}", {"retry-after": "1"})
            flying[0] += 1
        server.pause(delay_s)
        with lock:
            flying[0] -= 1
        return echo(seen)

    server.responder = responder
    return server, refused


def test_a_server_that_admits_few_is_filled_and_refuses_few(tmp_path: Path) -> None:
    server, refused = admitting(PLACES, 0.05)
    with server:
        write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(120)])
        recipe = write_recipe(
            tmp_path, teacher=server.spec(), generate={"concurrency": 60}, curate={"steps": [{"step": "outcome"}]}
        )
        result = stillhouse("generate", recipe, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    progress = [line for line in lines if line["event"] == "progress"]
    assert {"in_flight", "ceiling", "per_s", "left_s", "cost_usd", "refused"} <= progress[-1].keys()
    kept = [line["kept"] for line in progress]
    assert kept == sorted(kept)
    assert progress[-1]["done"] >= kept[-1] > 0
    assert any(line["event"] == "message" for line in lines)
    records = read_pace(tmp_path / "runs/small/logs/pace.jsonl")
    assert records[-1]["done"] == records[-1]["total"] == 120
    assert records[-1]["refused"] == refused[0]
    assert 1 <= refused[0] <= 30
    status = json.loads(tell("status", "runs/small", "--json", cwd=tmp_path).stdout)
    assert status["pace"]["done"] == 120
    shown = tell("status", "runs/small", cwd=tmp_path).stdout
    assert "120 of 120" in shown
    assert "in flight" in shown


def test_a_quota_of_requests_is_kept(tmp_path: Path, server: FaultServer) -> None:
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(12)])
    teacher = {"spec": server.spec(), "requests_per_minute": 300}
    recipe = write_recipe(tmp_path, teacher=teacher, generate={"concurrency": 20})
    assert stillhouse("generate", recipe, cwd=tmp_path).returncode == 0
    last = read_pace(tmp_path / "runs/small/logs/pace.jsonl")[-1]
    assert last["seconds"] >= 7 / 300 * 60  # five at once, the other seven a fifth of a second apart


def test_the_last_sitting_is_shown_and_a_torn_line_is_not(tmp_path: Path) -> None:
    def record(began: float, seconds: float, done: int) -> dict[str, object]:
        counts = {"done": done, "total": 9, "per_s": done / 3, "in_flight": done, "ceiling": 10, "refused": 0}
        used = {"input_tokens": 1, "output_tokens": 1, "cost_usd": 0.0}
        return {"began": began, "stage": "generate", "seconds": seconds, **counts, **used}

    path = tmp_path / "pace.jsonl"
    write_rows(path, [record(10, 1, 5), record(20, 1, 1), record(20, 2, 9)])
    path.write_bytes(path.read_bytes() + b'{"stage": "gen')
    found = summarise(read_pace(path))
    assert found is not None
    assert [point.in_flight for point in found.points] == [1, 9]
    assert "9 of 9 in 2.0 s" in next(iter(render_pace(found)))
    assert summarise(read_pace(tmp_path / "none.jsonl")) is None
    assert list(render_pace(None)) == []
