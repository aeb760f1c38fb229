"""Whole runs in the batch lane against a real server: killed at every step, refused, expired, lanes changed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.journal.progress import progress_of
from tests.pipeline.helpers import environment, write_recipe, write_rows
from tests.servers.batches import BatchServer, moto_s3
from tests.servers.faults import as_json
from tests.servers.wires import WIRES, chat_error

PROVIDERS = ["openai", "anthropic", "bedrock"]
CANARY = "sk-canary-0123456789abcdef"
KEYS = {**WIRES["converse"].keys, "OPENAI_API_KEY": CANARY, "ANTHROPIC_API_KEY": CANARY}

SHORT_WAITS = """
import functools, sys
import pipeline.inference.batch.lane as lane
lane.PollInterval = functools.partial(lane.PollInterval, first_s=0.05, listing_s=0.1)
from pipeline.cli import main
main()
"""
"""The command, but that a job may be missing from a provider's list for a tenth of a second only."""


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    with moto_s3() as url:
        yield url


@pytest.fixture
def server(s3: str) -> Iterator[BatchServer]:
    with BatchServer(s3) as server:
        yield server


def recipe_for(folder: Path, *teachers: dict[str, Any], prompts: int = 12, **sections: Any) -> Path:
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(prompts)])
    generate = {"lane": "batch", "attempts": 3, "max_tokens": 64, **sections.pop("generate", {})}
    return write_recipe(folder, teacher=list(teachers), generate=generate, **sections)


def begin(recipe: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SHORT_WAITS, "generate", str(recipe), *options]
    return subprocess.Popen(
        command, cwd=recipe.parent, env=environment(**KEYS), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def generate(recipe: Path, *options: str) -> subprocess.CompletedProcess[str]:
    process = begin(recipe, *options)
    out, errors = ended(process)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it wrote; one that hangs is killed, and its pipes are closed with it."""
    with process:
        try:
            return process.communicate(timeout=120)
        finally:
            process.kill()


def replies(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / "runs/small/replies.parquet").to_pylist()
    return found


def whole_and_own(folder: Path, prompts: int = 12) -> None:
    """Every prompt has its own reply: the server echoes."""
    rows = replies(folder)
    assert len(rows) == prompts
    assert all((row["outcome"], row["reply"]) == ("ok", row["messages"][-1]["content"]) for row in rows)


def paid(server: BatchServer) -> Counter[str]:
    return Counter(server.asked())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_run_in_parts_at_half_the_price(server: BatchServer, provider: str, tmp_path: Path) -> None:
    price = {"input": 1.0, "output": 10.0}
    entry = server.entry(provider, price=price, batch={"max_requests": 5})
    result = generate(recipe_for(tmp_path, entry))
    assert result.returncode == 0, result.stderr
    whole_and_own(tmp_path)
    assert [len(job.requests) for job in server.jobs] == [5, 5, 2]
    assert max(paid(server).values()) == 1
    assert {row["cost_usd"] for row in replies(tmp_path)} == {(7 * 1.0 + 3 * 10.0) / 2 / 1e6}
    assert not (tmp_path / "runs/small/batches").exists()
    assert [name for name, _, _ in server.files.values()] == []
    again = generate(tmp_path / "recipe.yaml")
    assert (again.returncode, len(server.jobs)) == (0, 3), again.stderr


MOMENTS = ("before", "after", "sent")
PAID = (*((moment, "create") for moment in MOMENTS), ("after", "poll"), ("sent", "results"), ("before", "delete"))
"""Where a kill can cost money, and once at each other step; the slow tests kill at every moment of each."""

STEPS = {
    "openai": ("upload", "create", "poll", "results", "delete"),
    "anthropic": ("create", "poll", "results", "delete"),
    "bedrock": ("upload", "create", "poll", "results"),
}


EVERY = {name: tuple((moment, step) for step in steps for moment in MOMENTS) for name, steps in STEPS.items()}
SLOW_KILLS = [
    pytest.param(name, EVERY[name], id=name, marks=[pytest.mark.slow, pytest.mark.timeout(600)]) for name in PROVIDERS
]


@pytest.mark.parametrize(("provider", "kills"), [pytest.param("anthropic", PAID, id="anthropic-paid"), *SLOW_KILLS])
def test_a_kill_at_every_step_loses_nothing_and_pays_nothing_twice(
    server: BatchServer, provider: str, kills: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    recipe = recipe_for(tmp_path, server.entry(provider, batch={"max_requests": 3}), prompts=12)
    killed: list[tuple[str, str]] = []
    for wanted in kills:
        process = begin(recipe)
        server.tap = _killer(process, wanted, killed)
        _, errors = ended(process)
        assert process.returncode in (0, -signal.SIGKILL), errors
    server.tap = lambda moment, step: None
    final = generate(recipe)
    assert final.returncode == 0, final.stderr
    whole_and_own(tmp_path)
    assert set(paid(server).values()) == {1}, killed
    assert sum(len(job.requests) for job in server.jobs) == 12
    assert {step for _, step in killed} >= set(STEPS[provider]) - {"delete"}
    assert progress_of(tmp_path / "runs/small/journal.sqlite")["attempts"].get("in_flight", 0) == 0


def _killer(
    process: subprocess.Popen[str], wanted: tuple[str, str], killed: list[tuple[str, str]]
) -> Callable[..., None]:
    def tap(moment: str, step: str) -> None:
        if (moment, step) == wanted and process.poll() is None:
            killed.append(wanted)
            process.kill()
            process.wait()
            if moment == "before":
                raise ConnectionAbortedError  # nothing was done

    return tap


def test_a_line_that_fails_is_asked_again_and_shifts_no_other(server: BatchServer, tmp_path: Path) -> None:
    server.fates.update({"mail 1": ["expired"], "mail 2": ["missing"], "mail 3": ["torn"], "mail 4": ["busy", "busy"]})
    server.fates.update({"mail 5": ["invalid"], "mail 6": ["twice"], "mail 7": ["filtered"]})
    server.strangers = 2
    result = generate(recipe_for(tmp_path, server.entry("openai")))
    assert result.returncode == 0, result.stderr
    found = {row["messages"][-1]["content"]: (row["outcome"], row["reply"]) for row in replies(tmp_path)}
    expected = {f"mail {i}": ("ok", f"mail {i}") for i in range(12)}
    assert found == {**expected, "mail 5": ("invalid", ""), "mail 7": ("filtered", "")}
    assert [len(job.requests) for job in server.jobs] == [12, 4, 1]
    assert "4 results of batch batch_0 are of no request of it, or repeat one: ignored" in result.stderr
    assert "1 requests got no answer; the last: openai (400): as commanded" in result.stderr


def test_a_request_is_given_up_after_its_tries(server: BatchServer, tmp_path: Path) -> None:
    server.fates["mail 1"] = ["expired"] * 9
    result = generate(recipe_for(tmp_path, server.entry("anthropic"), generate={"attempts": 2}))
    assert result.returncode == 0, result.stderr
    assert [len(job.requests) for job in server.jobs] == [12, 1]
    assert Counter(row["outcome"] for row in replies(tmp_path)) == {"ok": 11, "transient": 1}


def test_results_that_break_off_are_read_again(server: BatchServer, tmp_path: Path) -> None:
    server.cut_results_to = [900, 400]
    result = generate(recipe_for(tmp_path, server.entry("anthropic")))
    assert result.returncode == 0, result.stderr
    whole_and_own(tmp_path)
    assert len(server.jobs) == 1


def test_a_provider_that_is_busy_is_waited_for(server: BatchServer, tmp_path: Path) -> None:
    busy = as_json(chat_error(429, "too many batches"), 429, retry_after_ms="50")
    server.refusals = [busy, as_json(chat_error(503, "down"), 503, retry_after_ms="50")]
    result = generate(recipe_for(tmp_path, server.entry("openai")))
    assert result.returncode == 0, result.stderr
    assert "too many batches; the batch waits" in result.stderr
    whole_and_own(tmp_path)


def test_an_answer_that_is_lost_is_no_second_batch(server: BatchServer, tmp_path: Path) -> None:
    """The server takes the batch, and the connection breaks before it can say so."""
    lost: list[str] = []

    def tap(moment: str, step: str) -> None:
        if (moment, step) == ("after", "create") and not lost:
            lost.append(step)
            raise ConnectionAbortedError

    server.tap = tap
    result = generate(recipe_for(tmp_path, server.entry("anthropic")))
    assert result.returncode == 0, result.stderr
    assert (lost, len(server.jobs)) == (["create"], 1)
    whole_and_own(tmp_path)


def test_a_queue_that_is_full_gets_smaller_batches(server: BatchServer, tmp_path: Path) -> None:
    server.breakages = ["token_limit_exceeded"]
    result = generate(recipe_for(tmp_path, server.entry("openai")))
    assert result.returncode == 0, result.stderr
    assert "batches of 6 from now on" in result.stderr
    assert [len(job.requests) for job in server.jobs] == [12, 6, 6]
    whole_and_own(tmp_path)


def test_one_line_for_which_a_batch_is_refused_costs_only_itself(server: BatchServer, tmp_path: Path) -> None:
    server.breakages = ["bad_line"]
    result = generate(recipe_for(tmp_path, server.entry("openai")))
    assert result.returncode == 0, result.stderr
    assert [len(job.requests) for job in server.jobs] == [12, 11]
    assert [row["outcome"] for row in replies(tmp_path)] == ["invalid"] + ["ok"] * 11


@pytest.mark.parametrize("provider", ["openai", "bedrock"])
def test_a_batch_that_is_refused_whole_stops_the_run_and_says_why(
    server: BatchServer, provider: str, tmp_path: Path
) -> None:
    server.breakages = ["model_not_found"]
    result = generate(recipe_for(tmp_path, server.entry(provider)))
    assert result.returncode == 1
    assert "refused the batch: " in result.stderr
    assert "as commanded" in result.stderr
    assert "Traceback" not in result.stderr
    assert generate(tmp_path / "recipe.yaml").returncode == 0
    whole_and_own(tmp_path)


def test_a_wrong_key_is_one_message_and_no_batch(server: BatchServer, tmp_path: Path) -> None:
    server.refusals = [as_json(chat_error(401, f"wrong key {CANARY}"), 401)]
    result = generate(recipe_for(tmp_path, server.entry("openai")))
    assert result.returncode == 1
    assert "wrong key ***" in result.stderr
    for path in (tmp_path / "runs").rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


def test_a_teacher_without_a_batch_lane_is_said_before_any_spend(server: BatchServer, tmp_path: Path) -> None:
    local = {"spec": f"scripted:{tmp_path / 'script.jsonl'}"}
    (tmp_path / "script.jsonl").write_text('{"reply": "ham"}\n', encoding="utf-8")
    result = generate(recipe_for(tmp_path, server.entry("openai"), local))
    assert result.returncode == 2, result.stderr
    assert "has no batch lane" in result.stderr
    assert "Set generate.lane to online" in result.stderr
    assert server.steps == []


def test_fewer_requests_than_a_batch_must_have_are_said_before_any_spend(server: BatchServer, tmp_path: Path) -> None:
    result = generate(recipe_for(tmp_path, server.entry("bedrock", batch={"min_requests": 100})))
    assert result.returncode == 2, result.stderr
    assert "12 requests are fewer than the 100 of a batch" in result.stderr
    assert server.jobs == []


def test_too_few_for_another_batch_are_left_and_said(server: BatchServer, tmp_path: Path) -> None:
    server.fates["mail 1"] = ["busy"]
    recipe = recipe_for(tmp_path, server.entry("bedrock", batch={"min_requests": 5}))
    result = generate(recipe)
    assert result.returncode == 0, result.stderr
    assert "1 requests are fewer than the 5 of a batch; generate.lane: online asks them" in result.stderr
    assert Counter(row["outcome"] for row in replies(tmp_path)) == {"ok": 11, "transient": 1}


def test_ctrl_c_leaves_the_batch_running_and_the_next_run_collects_it(server: BatchServer, tmp_path: Path) -> None:
    server.held = True
    recipe = recipe_for(tmp_path, server.entry("openai"))
    process = begin(recipe)
    _wait_for(lambda: "poll" in server.steps)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "stopped waiting. 1 batches go on at the provider; the same command collects them" in errors
    assert "Traceback" not in errors
    server.held = False
    result = generate(recipe)
    assert result.returncode == 0, result.stderr
    assert "with 12 requests is at the provider already: waiting for it" in result.stderr
    assert len(server.jobs) == 1
    whole_and_own(tmp_path)


def _wait_for(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_run_changes_lanes_in_the_middle_and_pays_nothing_twice(server: BatchServer, tmp_path: Path) -> None:
    """Batch, then online while the batch runs: it is cancelled, what it had is kept, the rest is asked online."""
    server.held = True
    server.fates.update({f"mail {i}": ["kept"] for i in range(4)})  # answered before it was cancelled
    recipe = recipe_for(tmp_path, server.entry("openai"))
    process = begin(recipe)
    _wait_for(lambda: "poll" in server.steps)
    process.kill()
    process.communicate()
    result = generate(recipe, "--set", "generate.lane=online")
    assert result.returncode == 0, result.stderr
    assert "is cancelled; what it has answered is kept" in result.stderr
    whole_and_own(tmp_path)
    assert sorted(server.online) == [f"mail {i}" for i in (10, 11, *range(4, 10))]
    assert {row["cost_usd"] for row in replies(tmp_path)} == {None}


def test_batch_after_online_asks_what_is_owed_alone(server: BatchServer, tmp_path: Path) -> None:
    recipe = recipe_for(tmp_path, server.entry("openai"))
    first = generate(recipe, "--set", "generate.lane=online", "--set", "prompts.limit=5")
    assert first.returncode == 0, first.stderr
    result = generate(recipe)
    assert result.returncode == 0, result.stderr
    assert len(server.online) == 5
    assert [len(job.requests) for job in server.jobs] == [7]
    whole_and_own(tmp_path)


def test_a_chain_falls_back_from_one_providers_batch_to_anothers(server: BatchServer, tmp_path: Path) -> None:
    server.fates.update({"mail 1": ["invalid"], "mail 2": ["filtered"]})
    teachers = [server.entry("openai"), server.entry("anthropic")]
    result = generate(recipe_for(tmp_path, *teachers, combine={"how": "fallback"}))
    assert result.returncode == 0, result.stderr
    assert [(job.kind, len(job.requests)) for job in server.jobs] == [("openai", 12), ("anthropic", 2)]
    good = [row["reply"] for row in replies(tmp_path) if row["outcome"] == "ok"]
    assert sorted(good) == sorted(f"mail {i}" for i in range(12))


def test_two_teachers_have_batches_of_their_own(server: BatchServer, tmp_path: Path) -> None:
    result = generate(recipe_for(tmp_path, server.entry("openai"), server.entry("bedrock")))
    assert result.returncode == 0, result.stderr
    assert [(job.kind, len(job.requests)) for job in server.jobs] == [("openai", 12), ("bedrock", 12)]
    whole_and_own(tmp_path, 24)
