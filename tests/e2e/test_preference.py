"""A student of `sft`, then one that starts from it and learns from what the vote rejected: two whole runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.pipeline.helpers import stages_of, stillhouse, write_recipe, write_rows

CURATE = {"split": {"heldout": 0.25}, "steps": [{"step": "outcome"}, {"step": "agreement", "by": "label"}]}
SMALL = {"epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "eval_every": 1, "validation_fraction": 0.2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kinds = [("pills", "spam"), ("meeting", "ham")]
    rows = [{"text": f"{kinds[n % 2][0]} number {n}", "label": kinds[n % 2][1]} for n in range(24)]
    write_rows(tmp_path / "rows.jsonl", rows)
    right = [{"match": word, "reply": label} for word, label in kinds]
    for name in "ab":
        write_rows(tmp_path / f"{name}.jsonl", right)
    write_rows(tmp_path / "c.jsonl", [{"reply": "spam"}])
    return tmp_path


def go(folder: Path, student: dict[str, Any], out: str, *more: str) -> dict[str, Any]:
    teachers = [{"spec": f"scripted:{folder}/{name}.jsonl", "name": name} for name in "abc"]
    evaluate = {
        "scorer": "label",
        "labels": ["spam", "ham"],
        "max_tokens": 2,
        "resamples": 100,
        "economics": {"load_requests": 0},
    }
    recipe = write_recipe(folder, teacher=teachers, curate=CURATE, student=student | SMALL, evaluate=evaluate)
    return stages_of(recipe, "--dir", out, *more, cwd=folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_preferences_start_from_a_student_of_sft(folder: Path, tiny: Path) -> None:
    first = go(folder, {"base": str(tiny)}, "first", "--until", "train")
    # The third teacher is outvoted on each of the twelve meetings, one in four of them held out.
    assert first["curate"]["counts"]["preference_pairs"] == 12
    teachers = [{"spec": f"scripted:{folder}/{name}.jsonl", "name": name} for name in "abc"]
    recipe = write_recipe(folder, teacher=teachers, curate=CURATE, student={"base": "first/student"})
    same = stillhouse("run", recipe, "--dir", "first", "--until", "train", cwd=folder)
    assert same.returncode == 2
    assert "'student.base': is this run's own student. Give this recipe another --dir" in same.stderr
    student = {"base": "first/student", "method": "preference", "preference": {"beta": 0.3}}
    second = go(folder, student, "second")
    counts = second["train"]["counts"]
    train = pq.read_table(folder / "second/preferences.parquet")["split"].to_pylist().count("train")
    assert counts["rows"] + counts["validation_rows"] == train
    assert second["report"]["status"] == "done"
    assert "method: preference" in (folder / "second/student/README.md").read_text()
    edits = write_rows(folder / "edits.jsonl", edited(folder / "second/kept.parquet"))
    own = student | {"preference": {"loss": "kto", "pairs": edits.name}}
    third = go(folder, own, "second", "--until", "train")
    assert third["curate"]["started_at"] == second["curate"]["started_at"]  # only the training is new
    assert third["train"]["counts"]["measures"]["pairs_of_heldout_prompts"] == 1
    write_rows(edits, edited(folder / "second/kept.parquet")[:-1])
    again = go(folder, own, "second", "--until", "train")
    assert again["train"]["started_at"] > third["train"]["started_at"]
    settings = folder / "first/student/config.json"
    settings.write_text(settings.read_text() + "\n")  # another student, as far as files tell
    other = go(folder, own, "second", "--until", "train")
    assert other["train"]["started_at"] > again["train"]["started_at"]


def edited(kept: Path) -> list[dict[str, Any]]:
    """A human's edits of the kept replies, and of one held-out prompt's by mistake."""
    rows = pq.read_table(kept).to_pylist()
    chosen = [row for row in rows if row["split"] == "train"] + [row for row in rows if row["split"] == "heldout"][:1]
    return [
        {
            "prompt": row["prompt"],
            "chosen": row["completion"],
            "rejected": [{"role": "assistant", "content": "hm"}],
        }
        for row in chosen
    ]
