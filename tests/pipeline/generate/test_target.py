"""A goal: rows are asked until enough samples pass curation, or the rows or the money are gone; and it says which."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.target import HOPELESS, PILOT, next_rows
from pipeline.run.records import read_rows
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows
from tests.pipeline.inference.batch.test_lane import generate as generate_in_batches
from tests.servers.batches import BatchServer
from tests.servers.faults import FaultServer

STEPS = [{"step": "outcome"}, {"step": "format", "regex": "mail .*[036]"}]  # three of ten
PRICE = {"input": 0.0, "output": 1000.0}


@given(st.integers(0, 10**7), st.data())
def test_a_wave_reaches_further_and_never_far_beyond_what_is_needed(rows: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, rows))
    goal = data.draw(st.integers(kept + 1, 2 * 10**7))
    after = next_rows(rows, kept, goal)
    assert rows < after <= max(PILOT, 8 * rows)
    if kept:
        assert after <= 1.02 * goal * rows / kept + 1


@given(st.floats(0.001, 1), st.integers(1, 10**6))
def test_a_steady_share_is_reached_in_few_waves(share: float, goal: int) -> None:
    rows, waves = 0, 0
    while (kept := int(rows * share)) < goal:
        rows, waves = next_rows(rows, kept, goal), waves + 1
    assert waves <= 14
    assert rows <= PILOT + 2.1 * (goal + 1) / share  # one kept of the first few may stand for nearly two


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def recipe_for(folder: Path, server: FaultServer, rows: int, **generate: Any) -> Path:
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(rows)])
    teacher = {"spec": server.spec(), "price": PRICE}
    settings = {"concurrency": 16, "max_tokens": 4, **generate}
    return write_recipe(folder, teacher=teacher, generate=settings, curate={"steps": STEPS})


def run(recipe: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return stillhouse("run", recipe, "--until", "curate", *options, cwd=recipe.parent)


def counts(folder: Path, stage: str = "curate") -> dict[str, Any]:
    manifest = json.loads((folder / "runs/small/manifest.json").read_text())
    found: dict[str, Any] = manifest["stages"][stage]["counts"]
    return found


def asked(server: FaultServer) -> Counter[str]:
    return Counter(seen.turn for seen in server.requests)


def test_it_stops_when_enough_pass_and_the_next_run_asks_nothing(tmp_path: Path, server: FaultServer) -> None:
    recipe = recipe_for(tmp_path, server, 1000, accept=90)
    done = run(recipe)
    assert done.returncode == 0, done.stderr
    assert "samples accepted, the goal was 90" in done.stderr
    kept = counts(tmp_path)["kept"]
    assert 90 <= kept < 110
    assert len(server.requests) == counts(tmp_path)["samples"] < 400
    assert set(asked(server).values()) == {1}
    assert (
        counts(tmp_path, "generate")["accepted"] == kept == len(list(read_rows(tmp_path / "runs/small/kept.parquet")))
    )
    before = len(server.requests)
    assert "generate: up to date" in run(recipe).stderr
    assert len(server.requests) == before


def test_a_higher_goal_goes_on_and_a_lower_one_keeps_what_is_paid(tmp_path: Path, server: FaultServer) -> None:
    recipe = recipe_for(tmp_path, server, 1000, accept=40)
    assert run(recipe).returncode == 0
    assert run(recipe, "--set", "generate.accept=80").returncode == 0
    kept, sent = counts(tmp_path)["kept"], len(server.requests)
    assert kept >= 80
    assert set(asked(server).values()) == {1}
    assert run(recipe, "--set", "generate.accept=10").returncode == 0
    assert (counts(tmp_path)["kept"], len(server.requests)) == (kept, sent)


def test_it_says_that_the_rows_are_gone(tmp_path: Path, server: FaultServer) -> None:
    done = run(recipe_for(tmp_path, server, 130, accept=90))
    assert done.returncode == 0, done.stderr
    assert "39 samples accepted of 90: all 130 rows were asked" in done.stderr
    assert len(server.requests) == 130


def test_it_says_that_the_money_is_gone_and_goes_on_with_more(tmp_path: Path, server: FaultServer) -> None:
    """A request reserves four tokens and is charged three, of 0.001 dollars each."""
    recipe = recipe_for(tmp_path, server, 1000, accept=60, budget_usd=0.45)
    stopped = run(recipe)
    assert stopped.returncode == 3, stopped.stderr
    accepted = int(stopped.stderr.split("What was answered is kept: ")[1].split(" of the 60")[0])
    assert "or lower generate.accept" in stopped.stderr
    assert 30 < accepted < 60
    sent = len(server.requests)
    lower = run(recipe, "--set", f"generate.accept={accepted}")
    assert lower.returncode == 0, lower.stderr
    assert len(server.requests) == sent
    assert run(recipe, "--set", "generate.budget_usd=1").returncode == 0
    assert counts(tmp_path)["kept"] >= 60
    assert set(asked(server).values()) == {1}


def test_it_is_reached_by_batches_of_at_least_a_hundred(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(1000)])
    with BatchServer() as server:
        settings = {"lane": "batch", "max_tokens": 4, "accept": 40}
        recipe = write_recipe(tmp_path, teacher=server.entry("openai"), generate=settings, curate={"steps": STEPS})
        done = generate_in_batches(recipe)
        assert done.returncode == 0, done.stderr
        assert "the goal was 40" in done.stderr
        assert set(Counter(server.asked()).values()) == {1}
        assert [len(job.requests) for job in server.jobs] == [100, 100]


def test_a_recipe_that_keeps_nothing_stops_early(tmp_path: Path, server: FaultServer) -> None:
    recipe = recipe_for(tmp_path, server, 3000, accept=10)
    done = run(recipe, "--set", "curate.format.regex=nothing")
    assert done.returncode == 1
    assert "curation keeps none of the first" in done.stderr
    assert "no_match" in done.stderr
    assert HOPELESS <= len(server.requests) < 2 * HOPELESS


def test_a_bad_row_beyond_the_first_wave_is_an_error_before_the_first_request(
    tmp_path: Path, server: FaultServer
) -> None:
    recipe = recipe_for(tmp_path, server, 200, accept=5)
    with (tmp_path / "rows.jsonl").open("a") as file:
        file.write('{"label": "spam"}\n')
    done = run(recipe)
    assert done.returncode == 2
    assert "rows.jsonl:201" in done.stderr
    assert not server.requests
