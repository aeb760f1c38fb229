"""A student, then a second one that learns from the first: its text, its logprobs, its states, its word on answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.pipeline.helpers import stages_of, write_recipe, write_rows

CURATE = {"split": {"heldout": 0.25}, "steps": [{"step": "outcome"}]}
SMALL = {"epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "eval_every": 1, "validation_fraction": 0.2}
EVALUATE = {
    "scorer": "label",
    "labels": ["spam", "ham"],
    "max_tokens": 2,
    "resamples": 100,
    "economics": {"load_requests": 0},
}


def go(folder: Path, teacher: str, student: dict[str, Any], out: str, *more: str) -> dict[str, Any]:
    generate = {"max_tokens": 4, "top_logprobs": 5, "optional": ["top_logprobs"]}
    recipe = write_recipe(
        folder, teacher=teacher, generate=generate, curate=CURATE, student=SMALL | student, evaluate=EVALUATE
    )
    return stages_of(recipe, "--dir", out, *more, cwd=folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_student_teaches_the_next_one(tmp_path: Path, tiny: Path) -> None:
    kinds = [("pills", "spam"), ("meeting", "ham")]
    write_rows(
        tmp_path / "rows.jsonl",
        [{"text": f"{kinds[n % 2][0]} number {n}", "label": kinds[n % 2][1]} for n in range(24)],
    )
    write_rows(tmp_path / "script.jsonl", [{"match": word, "reply": label} for word, label in kinds])
    script = f"scripted:{tmp_path / 'script.jsonl'}"
    learned = {"base": str(tiny), "epochs": 30, "learning_rate": 1e-2, "eval_every": 30}
    go(tmp_path, script, learned, "first", "--until", "train")

    earlier = f"huggingface:{tmp_path / 'first' / 'student'}"
    second = go(tmp_path, earlier, {"base": str(tiny), "method": "distill"}, "second")
    assert second["report"]["status"] == "done"
    assert second["train"]["counts"]["measures"]["soft_target_coverage"] == 1
    replies = pq.read_table(tmp_path / "second" / "replies.parquet")["reply"].to_pylist()
    assert set(replies) <= {"spam", "ham"}  # what it learned, with an end

    # No teacher is named for it: the recipe's own is a local one.
    third = go(tmp_path, earlier, {"base": str(tiny), "method": "on_policy", "max_length": 256}, "second")
    assert third["generate"]["started_at"] == second["generate"]["started_at"]
    card = (tmp_path / "second" / "student" / "README.md").read_text()
    assert "method: on_policy" in card

    features = {"base": str(tiny), "features": {"teacher": "first/student"}}
    go(tmp_path, script, features, "third", "--until", "train")
    card = (tmp_path / "third" / "student" / "README.md").read_text()
    assert f"huggingface:{tmp_path / 'first' / 'student'}`, teacher in memory" in card
