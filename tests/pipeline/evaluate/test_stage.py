"""The stage on a small real model, straight from a curated corpus: nothing is trained."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.curate.both_sides import DROPPED, KEPT
from pipeline.evaluate.answers import asking
from pipeline.evaluate.stage import work
from pipeline.journal.columns import REPLIES
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.counts import EvaluateCounts, TrainCounts
from pipeline.run.directory import RunDir
from pipeline.run.evaluation.file import read_evaluation
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from pipeline.run.records import write_parquet
from tests.pipeline.evaluate.make import known, parquet_row
from tests.pipeline.helpers import write_recipe
from tests.servers.faults import FaultServer, as_json, chat_body

TRAINED = TrainCounts(2, 0, 0, 9, 1, 1, 0.1, 90.0, 0.5, 0.4, 1, 1, None)


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    run = RunDir(tmp_path / "run")
    shutil.copytree(tiny, run.student)
    rows = [parquet_row(f"mail {place}", split="heldout" if place < 4 else "train") for place in range(6)]
    write_parquet(run.kept, KEPT, rows)
    write_parquet(run.dropped, DROPPED, [])
    write_parquet(run.replies, REPLIES, [{name: one.get(name) for name in REPLIES.names} for one in rows])
    return tmp_path


def evaluate(folder: Path, tiny: Path, **changes: Any) -> tuple[EvaluateCounts, Evaluation]:
    """The stage's counts, and evaluation.json as it is read."""
    section: dict[str, Any] = {"scorer": "label", "labels": ["spam", "ham"], "max_tokens": 2, "resamples": 100}
    section |= changes
    section["economics"] = {"load_requests": 0}
    recipe = load_recipe(write_recipe(folder, student={"base": str(tiny)}, evaluate=section))
    run = RunDir(folder / "run")
    manifest = Manifest(run.manifest, recipe.name)
    for stage in ("train", "evaluate"):
        manifest.begin(stage, "")
    manifest.end("train", "done", TRAINED)
    counts = work(Context(recipe, run, manifest, Progress()))
    return counts, read_evaluation(run)


def test_an_edited_scorer_asks_nobody_again(folder: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, found = evaluate(folder, tiny)
    assert counts.asked == 4  # the base is the student here: one model is asked once
    answers = pq.read_table(folder / "run/answers.parquet").to_pylist()
    assert len(answers) == 3 * 4
    student = [one for one in answers if one["contestant"] == "student"]
    assert all(one["label_logprobs"] or one["first_token"] for one in student)
    assert all(0 <= one["confidence"] <= 1 for one in student)
    assert found.memorised["student"].count == 0

    def refuse(spec: str) -> Any:
        raise AssertionError(f"{spec} was opened")

    monkeypatch.setattr(asking, "open_teacher", refuse)
    counts, found = evaluate(folder, tiny, labels=["spam", "ham", "eel"])
    confusion = found.contestants["student"].confusion
    assert confusion is not None
    assert (counts.asked, confusion.labels) == (0, ("spam", "ham", "eel"))
    _, found = evaluate(folder, tiny, scorer="exact", labels=None)
    assert found.scorer == "exact"


def test_another_request_is_asked_and_so_is_what_is_lost(folder: Path, tiny: Path) -> None:
    evaluate(folder, tiny)
    run = RunDir(folder / "run")
    run.answers.unlink()
    counts, _ = evaluate(folder, tiny)
    assert counts.asked == 4  # the base is the student here: one model is asked once
    counts, _ = evaluate(folder, tiny, max_tokens=1)
    assert counts.asked == 4  # another request


def test_without_gold_and_without_a_key(folder: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    run = RunDir(folder / "run")
    rows = [parquet_row(f"mail {place}", gold=None) for place in range(4)]
    write_parquet(run.kept, KEPT, rows)
    _, found = evaluate(folder, tiny, scorer="exact")
    assert found.verdict_withheld == "no gold answer and no judge"
    student = found.contestants["student"]
    assert student.score is None
    assert known(student.latency_p50_s).value > 0


def test_a_judge_is_paid_once_and_from_the_journal(folder: Path, tiny: Path) -> None:
    relabelled = [{"role": "assistant", "content": "ham"}]
    rows = [parquet_row(f"mail {place}", completion=relabelled) for place in range(4)]
    write_parquet(RunDir(folder / "run").kept, KEPT, rows)
    with FaultServer(lambda seen: as_json(chat_body("2"))) as server:
        section = {"scorer": {"name": "judge", "judge": {"spec": server.spec("judge")}}, "labels": None}
        _, found = evaluate(folder, tiny, **section)
        asked = len(server.requests)
        assert found.judge is not None
        assert asked == found.judge.calls >= 8
        assert found.judge.prefers == "second"
        assert known(found.contestants["teacher_calibrated"].score).value == 0.5  # who prefers a place prefers nobody
        evaluate(folder, tiny, **section, resamples=200)
        assert len(server.requests) == asked
