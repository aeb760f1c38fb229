"""Lanes in any order, with kills between them, give the replies of one undisturbed run; a budget holds in batches."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.journal.schema import read_only
from tests.pipeline.helpers import environment, write_recipe, write_rows
from tests.servers.batches import BatchServer

KEYS = {"OPENAI_API_KEY": "sk-no-key-000000", "ANTHROPIC_API_KEY": "sk-no-key-000000"}

SHORT_WAITS = """
import functools
import pipeline.inference.batch.lane as lane
lane.PollInterval = functools.partial(lane.PollInterval, first_s=0.05, listing_s=0.1)
from pipeline.cli import main
main()
"""
"""The command, but that a job may be missing from a provider's list for a tenth of a second only."""

PRICE = {"input": 1000.0, "output": 10_000.0}
ANSWER_USD = (7 * PRICE["input"] + 3 * PRICE["output"]) / 2 / 1e6
"""What the server's answers cost in a batch."""


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as server:
        yield server


def recipe_for(folder: Path, entry: dict[str, Any], **generate: Any) -> Path:
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(12)])
    return write_recipe(folder, teacher=entry, generate={"lane": "batch", "attempts": 3, "max_tokens": 6, **generate})


def begin(recipe: Path, *options: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", SHORT_WAITS, "generate", str(recipe), *options]
    return subprocess.Popen(
        arguments, cwd=recipe.parent, env=environment(**KEYS), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(recipe: Path, *options: str) -> tuple[int, str]:
    """Its exit code and messages."""
    process = begin(recipe, *options)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def booked(folder: Path) -> float:
    with closing(read_only(folder / "runs/small/journal.sqlite")) as journal:
        [dollars] = journal.execute("SELECT total(coalesce(cost_usd, worst_usd)) FROM attempts").fetchone()
    return float(dollars)


def test_a_batch_reserves_for_each_request_at_half_the_price(server: BatchServer, tmp_path: Path) -> None:
    """A request can cost 0.0585 dollars and costs 0.0185: two fit at first, then one at a time."""
    recipe = recipe_for(tmp_path, server.entry("openai", price=PRICE), budget_usd=0.15)
    code, errors = run(recipe)
    assert code == 3, errors
    assert "$0.0925 of $0.1500 is spent, and the next request could cost $0.0585" in errors
    assert [len(job.requests) for job in server.jobs] == [2, 1, 1, 1]
    assert booked(tmp_path) == pytest.approx(len(server.asked()) * ANSWER_USD)
    code, errors = run(recipe, "--set", "generate.budget_usd=1")
    assert code == 0, errors
    assert [len(job.requests) for job in server.jobs[4:]] == [7]
    assert set(Counter(server.asked()).values()) == {1}
    assert booked(tmp_path) == pytest.approx(12 * ANSWER_USD)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fewer_than_a_batch_under_the_cap_is_the_budgets_end(server: BatchServer, tmp_path: Path) -> None:
    entry = server.entry("openai", price=PRICE, batch={"min_requests": 3})
    recipe = recipe_for(tmp_path, entry, budget_usd=0.15)
    code, errors = run(recipe)
    assert code == 3, errors
    assert "2 requests are fewer than the 3 of a batch; no more fit under the budget now" in errors
    assert server.jobs == []
    code, errors = run(recipe, "--set", "generate.budget_usd=1")
    assert code == 0, errors
    assert set(Counter(server.asked()).values()) == {1}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_after_a_kill_only_what_a_batch_can_have_cost_is_booked(
    server: BatchServer, moment: str, tmp_path: Path
) -> None:
    """The budget covers the worst case of all twelve, once."""
    recipe = recipe_for(tmp_path, server.entry("openai", price=PRICE), budget_usd=0.75)
    process = begin(recipe)

    def kill(at: str, step: str) -> None:
        if (at, step) == (moment, "create") and process.poll() is None:
            process.kill()
            process.wait()
            if at == "before":
                raise ConnectionAbortedError  # nothing was done

    server.tap = kill
    process.communicate(timeout=60)
    assert booked(tmp_path) == pytest.approx(12 * 0.0585 + 0.001)  # 'mail 10' and 'mail 11' have a byte more
    code, errors = run(recipe)
    assert code == 0, errors
    assert [len(job.requests) for job in server.jobs] == [12]
    assert booked(tmp_path) == pytest.approx(12 * ANSWER_USD)


STEPS = ("online", "batch", "online killed", "batch killed", "batch stopped")


def begun(server: BatchServer) -> tuple[int, int, int]:
    """Grows once a process asks: online, by a batch of its own, or after a batch that it found at the provider."""
    return len(server.online), len(server.jobs), sum(job.polls for job in server.jobs)


def step(recipe: Path, server: BatchServer, what: str) -> None:
    """One process on the run: a whole one, or one that is killed or stopped once it has begun to ask."""
    lane, _, fate = what.partition(" ")
    before = begun(server)
    server.held = bool(fate)  # its jobs would have ended before it could be killed
    process = begin(recipe, "--set", f"generate.lane={lane}")
    while fate and begun(server) == before and process.poll() is None:
        time.sleep(0.005)
    if fate:
        process.send_signal(signal.SIGKILL if fate == "killed" else signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    server.held = False
    assert process.returncode in ((-signal.SIGKILL, 130, 0) if fate else (0,)), errors


def replies_of(folder: Path) -> pa.Table:
    found = pq.read_table(folder / "runs/small/replies.parquet")
    return found.drop_columns(["created_at", "latency_s", "attempts", "cost_usd"])  # chance, and the lane's price


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """One run in the online lane."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with BatchServer() as server:
        step(recipe_for(folder, server.entry("openai")), server, "online")
        return replies_of(folder)


def check(steps: list[str], undisturbed: pa.Table, folder: Path) -> None:
    """Goes through the steps; the replies are those of the undisturbed run, and little was asked twice."""
    with BatchServer() as server:
        recipe = recipe_for(folder, server.entry("openai", batch={"max_requests": 5}))
        for what in steps:
            step(recipe, server, what)
        in_flight = 4 * sum(what == "online killed" for what in steps)
        answered_by_batches = [key for job in server.jobs if not job.stopped for key in job.keys]
        assert len(server.online) + len(answered_by_batches) <= 12 + in_flight
    assert without_server(replies_of(folder)) == without_server(undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_lanes_changed_and_killed_give_the_replies_of_one_undisturbed_run(
    undisturbed: pa.Table, tmp_path: Path
) -> None:
    check(["batch killed", "online killed", "batch"], undisturbed, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=12, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=4), last=st.sampled_from(("online", "batch")))
def test_any_order_of_lanes_and_kills_gives_the_replies_of_one_undisturbed_run(
    steps: list[str], last: str, undisturbed: pa.Table, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check([*steps, last], undisturbed, tmp_path_factory.mktemp("lanes"))


def without_server(table: pa.Table) -> list[dict[str, Any]]:
    """The rows without what follows from the server's port."""
    found = [{**row, "teacher": {**row["teacher"], "base_url": ""}} for row in table.to_pylist()]
    return [{name: value for name, value in row.items() if name not in ("request_key", "sample_id")} for row in found]
