"""A whole run by the command line: an HTTP teacher with logprobs, a real training of a tiny base, a measured page."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.helpers import command, environment, stillhouse, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, chat, entry, logprobs

ROWS = 60


def lean_to_spam(seen: Seen) -> Answer:
    """A teacher whose argmax is always spam, and whose logprobs know better: the quickstart's in small."""
    spam = -0.1 if "pills" in seen.turn else -0.5
    return chat("spam", logprobs=logprobs([entry("spam", spam, {"spam": spam, "ham": -3.0})]))


@pytest.fixture(scope="module")
def finished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, FaultServer, Any]]:
    folder = tmp_path_factory.mktemp("run")
    with FaultServer(lean_to_spam) as server:
        result = stillhouse("run", make_recipe(folder, tiny, server), "--json", cwd=folder, OMP_NUM_THREADS="1")
        assert result.returncode == 0, result.stderr
        yield folder, server, json.loads(result.stdout)


def make_recipe(folder: Path, tiny: Path, server: FaultServer) -> Path:
    words = {"spam": "cheap pills", "ham": "project meeting"}
    rows = [{"text": f"{words[label]} {i}", "label": label} for i in range(ROWS // 2) for label in words]
    write_rows(folder / "rows.jsonl", rows)
    steps = [{"step": "outcome"}, {"step": "exact"}, {"step": "calibrate", "labels": ["spam", "ham"]}]
    return write_recipe(
        folder,
        teacher=[{"spec": server.spec(), "price": {"input": 3.0, "output": 15.0}}],
        generate={"temperature": 0.0, "top_logprobs": 20, "max_tokens": 4},
        curate={"split": {"heldout": 0.3}, "steps": steps},
        student={"base": str(tiny), "epochs": 8, "learning_rate": 0.01, "batch_size": 8},
        evaluate={
            **{"scorer": "label", "labels": ["spam", "ham"], "max_tokens": 4, "resamples": 500},
            "economics": {"hourly_usd": 0.1, "concurrencies": [1, 2], "load_requests": 4},
        },
    )


def test_the_student_beats_the_argmax_it_never_saw(finished: Any) -> None:
    evaluation = finished[2]["evaluation"]
    assert evaluation["teacher"]["score"]["value"] == pytest.approx(0.5, abs=0.25)  # says spam to everything
    assert evaluation["teacher_calibrated"]["score"]["value"] == 1.0
    assert evaluation["student"]["score"]["value"] > 0.9
    assert evaluation["student_minus_base"]["ci95"][0] > 0


def test_evaluation_json_holds_what_the_contract_names(finished: Any) -> None:
    folder, _, summary = finished
    evaluation = json.loads((folder / "runs/small/evaluation.json").read_text())
    assert evaluation == summary["evaluation"]
    assert next(iter(evaluation)) == "version"
    assert evaluation.keys() >= {"scorer", "rows", "teacher", "base", "student"}
    assert evaluation["against_teacher"].keys() >= {"retention", "gap_recovered"}
    for name in ("teacher", "base", "student"):
        assert evaluation[name].keys() >= {"score", "prompt_tokens_mean", "latency_p50_s", "parameters", "bytes"}
        assert evaluation[name]["score"].keys() == {"value", "ci95", "n"}
    assert evaluation["student"]["parameters"] > 0
    assert evaluation["rows"] == summary["manifest"]["stages"]["curate"]["counts"]["heldout"]


def test_what_it_costs_is_known_in_full(finished: Any) -> None:
    folder, _, summary = finished
    economics, cascade = summary["evaluation"]["economics"], summary["evaluation"]["cascade"]
    assert [load["concurrency"] for load in economics["student"]["loads"]] == [1, 2]
    assert economics["distillation_usd"]["teacher"] > 0
    assert economics["student"]["cost_per_1000_usd"]["value"] > 0
    assert economics["break_even"]["calls"] is not None or economics["break_even"]["reason"]
    assert len(economics["curve"]) > 10
    assert cascade["reason"] == f"{summary['evaluation']['rows']} rows are fewer than 30"
    assert cascade["curve"][0]["score"] == summary["evaluation"]["student"]["score"]
    assert (folder / "runs/small/work/load.json").exists()


def test_no_held_out_row_was_trained_on_and_no_gold_reached_the_teacher(finished: Any) -> None:
    _, server, summary = finished
    stages = summary["manifest"]["stages"]
    train = stages["train"]["counts"]
    assert train["rows"] + train["validation_rows"] == stages["curate"]["counts"]["train"]
    assert len(server.requests) == ROWS
    assert not any("ham" in seen.turn for seen in server.requests)


def test_the_run_leaves_every_file_of_the_contract(finished: Any) -> None:
    run = finished[0] / "runs/small"
    names = {path.name for path in run.iterdir()}
    assert names >= {"recipe.yaml", "manifest.json", "journal.sqlite", "replies.parquet", "kept.parquet"}
    assert names >= {"dropped.parquet", "student", "evaluation.json", "report.html", "report.md", "comparison.csv"}
    assert {path.name for path in (run / "student").iterdir()} >= {"model.safetensors", "tokenizer.json", "README.md"}
    assert "student" in (run / "report.html").read_text()


def test_a_second_run_does_nothing_twice(finished: Any) -> None:
    folder, server, _ = finished
    before = len(server.requests)
    result = stillhouse("run", "recipe.yaml", cwd=folder)
    said = [line for line in result.stderr.splitlines() if line.endswith(": up to date")]
    assert len(said) == 5
    assert len(server.requests) == before
    assert "student" in result.stdout


def test_the_resolved_recipe_reruns_from_anywhere(finished: Any, tmp_path: Path) -> None:
    run = finished[0] / "runs/small"
    result = stillhouse("run", run / "recipe.yaml", "--dir", run, cwd=tmp_path)
    assert result.stderr.count("up to date") == 5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_while_it_trains_and_evaluates_change_no_score(finished: Any, tmp_path: Path, tiny: Path) -> None:
    folder, server, summary = finished
    recipe = make_recipe(tmp_path, tiny, server)
    shutil.copytree(folder / "runs/small", tmp_path / "runs/small")
    before = len(server.requests)
    options: list[str | Path] = ["run", recipe, "--from", "train"]
    for seconds in (4.0, 6.0, 8.0):
        process = subprocess.Popen(
            command(*options), cwd=tmp_path, env=environment(OMP_NUM_THREADS="1"), stderr=subprocess.DEVNULL
        )
        time.sleep(seconds)
        process.kill()
        process.wait()
        options = ["run", recipe]
    final = stillhouse("run", recipe, "--json", cwd=tmp_path, OMP_NUM_THREADS="1")
    assert final.returncode == 0, final.stderr
    again = json.loads(final.stdout)
    assert again["evaluation"]["student"]["score"] == summary["evaluation"]["student"]["score"]
    loss = [one["manifest"]["stages"]["train"]["counts"]["validation_loss"] for one in (again, summary)]
    assert loss[0] == pytest.approx(loss[1], abs=1e-3)
    assert len(server.requests) == before
