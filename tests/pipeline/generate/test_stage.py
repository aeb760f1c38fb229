"""Generation against a real HTTP server: killed, interrupted, refused, swapped; nothing lost, nothing paid twice."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.journal.export import rows
from tests.pipeline.helpers import command, environment, stillhouse, tell, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, as_json, echo

IN_FLIGHT = 4
CANARY = "sk-canary-7f3a9c"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def slow_echo(seen: Seen, delay_s: float = 0.05) -> Answer:
    answer = echo(seen)
    return Answer(answer.status, answer.body, answer.headers, delay_s=delay_s)


def recipe_for(folder: Path, server: FaultServer, prompts: int = 30, **generate: Any) -> Path:
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(prompts)])
    settings = {"concurrency": IN_FLIGHT, "temperature": 0.0, "attempts": 2, **generate}
    return write_recipe(folder, teacher=server.spec(), generate=settings)


def generate(recipe: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return stillhouse("generate", recipe, *options, cwd=recipe.parent, **env)


def asked(server: FaultServer) -> Counter[str]:
    return Counter(seen.turn for seen in server.requests)


def replies(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / "runs/small/replies.parquet").to_pylist()
    return found


def own_replies(folder: Path) -> None:
    """The server echoes, so every reply must be its own prompt's last turn."""
    assert all(row["reply"] == row["messages"][-1]["content"] for row in replies(folder))


def _wait_for_a_request(server: FaultServer, process: subprocess.Popen[bytes]) -> None:
    before = len(server.requests)
    while len(server.requests) == before and process.poll() is None:
        time.sleep(0.005)


def test_ctrl_c_once_ends_what_is_in_flight_and_the_next_run_asks_only_the_rest(
    tmp_path: Path, server: FaultServer
) -> None:
    server.responder = lambda seen: slow_echo(seen, 0.3)
    recipe = recipe_for(tmp_path, server, prompts=24)
    process = subprocess.Popen(
        command("generate", recipe), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    while len(server.requests) < 6 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    assert len(list(rows(tmp_path / "runs/small/journal.sqlite"))) == 24
    assert generate(recipe).returncode == 0
    assert set(asked(server).values()) == {1}
    own_replies(tmp_path)


def test_a_second_run_asks_nothing_and_an_edited_recipe_only_what_is_new(tmp_path: Path, server: FaultServer) -> None:
    recipe = recipe_for(tmp_path, server)
    assert generate(recipe, "--set", "prompts.limit=10").returncode == 0
    again = generate(recipe, "--set", "prompts.limit=10")
    assert "generate: up to date" in again.stderr
    assert len(server.requests) == 10
    assert generate(recipe).returncode == 0
    assert len(server.requests) == 30
    assert generate(recipe, "--set", "generate.concurrency=8").stderr.startswith("generate: up to date")
    assert generate(recipe, "--set", "generate.temperature=1").returncode == 0
    assert len(server.requests) == 60


def test_a_swapped_teacher_never_mixes_with_the_old_one(tmp_path: Path, server: FaultServer) -> None:
    recipe = recipe_for(tmp_path, server)
    assert generate(recipe).returncode == 0
    assert generate(recipe, "--teacher", server.spec("other")).returncode == 0
    assert {row["teacher"]["model"] for row in replies(tmp_path)} == {"other"}
    assert len(server.requests) == 60
    assert generate(recipe).returncode == 0  # back again: all journaled, none asked
    assert len(server.requests) == 60
    assert {row["teacher"]["model"] for row in replies(tmp_path)} == {"test-model"}


def test_one_refused_prompt_stops_no_other(tmp_path: Path, server: FaultServer) -> None:
    refusal = as_json({"error": {"message": "context too long"}}, status=400)
    server.responder = lambda seen: refusal if seen.turn == "mail 3" else echo(seen)
    result = generate(recipe_for(tmp_path, server))
    assert result.returncode == 0, result.stderr
    assert "context too long" in result.stderr
    assert Counter(row["outcome"] for row in replies(tmp_path)) == {"ok": 29, "invalid": 1}
    own = [row for row in replies(tmp_path) if row["outcome"] == "ok"]
    assert all(row["reply"] == row["messages"][-1]["content"] for row in own)


def test_what_failed_for_now_is_asked_again_by_the_same_command(tmp_path: Path, server: FaultServer) -> None:
    server.responder = lambda seen: Answer(503) if seen.turn == "mail 3" else echo(seen)
    recipe = recipe_for(tmp_path, server, attempts=1)
    assert generate(recipe).returncode == 0
    server.responder = echo
    assert generate(recipe).returncode == 0
    assert len(server.requests) == 31
    assert Counter(row["outcome"] for row in replies(tmp_path)) == {"ok": 30}
    assert "up to date" in generate(recipe).stderr


def test_a_wrong_key_stops_at_once_in_the_providers_words(tmp_path: Path, server: FaultServer) -> None:
    server.responder = lambda seen: as_json({"error": {"message": "Incorrect API key provided"}}, status=401)
    result = generate(recipe_for(tmp_path, server), OPENAI_API_KEY=CANARY)
    assert result.returncode == 1
    assert "Incorrect API key provided" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(server.requests) <= IN_FLIGHT


def test_a_recipe_that_the_server_always_refuses_is_not_tried_on_every_prompt(
    tmp_path: Path, server: FaultServer
) -> None:
    server.responder = lambda seen: as_json({"error": {"message": "model 'x' not found"}}, status=404)
    result = generate(recipe_for(tmp_path, server, prompts=200))
    assert result.returncode == 1
    assert "model 'x' not found" in result.stderr
    assert len(server.requests) < 30


def test_no_server_is_one_clear_message(tmp_path: Path) -> None:
    with FaultServer() as gone:
        recipe = recipe_for(tmp_path, gone, prompts=3, attempts=1)
    result = generate(recipe)
    assert result.returncode == 1
    assert "the teacher answered nothing" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_key_is_in_no_file_and_no_message(tmp_path: Path, server: FaultServer) -> None:
    server.responder = lambda seen: echo(seen) if seen.turn != "mail 1" else Answer(500, b"no")
    result = generate(recipe_for(tmp_path, server, attempts=1), OPENAI_API_KEY=CANARY)
    assert result.returncode == 0
    assert any(CANARY in seen.headers.get("authorization", "") for seen in server.requests)
    written = [path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert not any(CANARY.encode() in content for content in [*written, result.stdout.encode(), result.stderr.encode()])


def test_a_second_process_is_turned_away(tmp_path: Path, server: FaultServer) -> None:
    server.responder = lambda seen: slow_echo(seen, 3)  # the first must still be at it on a busy machine
    recipe = recipe_for(tmp_path, server)
    first = subprocess.Popen(command("generate", recipe), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE)
    _wait_for_a_request(server, first)
    second = generate(recipe)
    status = json.loads(tell("status", "runs/small", "--json", cwd=tmp_path).stdout)
    first.kill()
    first.communicate()
    assert second.returncode == 1
    assert f"is in use by process {first.pid}" in second.stderr
    assert status["locked"]
    assert status["journal"]["attempts"]["in_flight"] >= 1


def test_another_recipes_directory_is_left_alone(tmp_path: Path, server: FaultServer) -> None:
    recipe = recipe_for(tmp_path, server)
    assert generate(recipe).returncode == 0
    result = generate(recipe, "--set", "name=other", "--dir", "runs/small")
    assert result.returncode == 2
    assert "was made by the recipe 'small', not by 'other': choose another --dir" in result.stderr


def test_a_teacher_without_logprobs_says_so_before_any_call(tmp_path: Path) -> None:
    write_rows(tmp_path / "replies.jsonl", [{"messages": [{"role": "user", "content": "x"}], "reply": "y"}])
    recipe = write_recipe(tmp_path, teacher=f"replay:{tmp_path / 'replies.jsonl'}", generate={"top_logprobs": 5})
    result = generate(recipe)
    assert result.returncode == 2
    assert "set top_logprobs to 0" in result.stderr


@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="this kernel allows no private mounts, so there is no small disk to fill",
)
def test_a_full_disk_loses_nothing(tmp_path: Path, server: FaultServer) -> None:
    """A disk of 600 kB, then the same run on a larger one: what was journaled is not asked again."""
    recipe, disk, kept = recipe_for(tmp_path, server, prompts=400), tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    script = (
        f'mount -t tmpfs -o size=600k tmpfs "$1" && shift && "$@"; code=$?; cp -r "{disk}/run" "{kept}"; exit $code'
    )
    arguments = command("generate", recipe, "--dir", disk / "run")
    full = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(disk), *arguments],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert full.returncode == 1, full.stderr
    assert "the disk is full" in full.stderr
    assert "Traceback" not in full.stderr
    answered = sum(row["outcome"] == "ok" for row in rows(kept / "journal.sqlite"))
    assert answered > 0
    before = len(server.requests)
    assert generate(recipe, "--dir", str(kept)).returncode == 0
    assert len(server.requests) - before == 400 - answered
