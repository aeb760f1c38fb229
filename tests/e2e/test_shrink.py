"""A student of fewer layers and tokens through a whole run, and as the teacher of another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.models import save_tiny
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows

EVALUATE = {
    "scorer": "label",
    "labels": ["spam", "ham"],
    "max_tokens": 4,
    "resamples": 100,
    "economics": {"load_requests": 0},
}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_smaller_student_is_measured_and_teaches(tokenizer: Any, tmp_path: Path) -> None:
    base = save_tiny(tokenizer, tmp_path / "base", layers=6)
    words = {"spam": "cheap pills", "ham": "project meeting"}
    write_rows(
        tmp_path / "rows.jsonl",
        [{"text": f"{words[label]} {n}", "label": label} for n in range(20) for label in words],
    )
    write_rows(
        tmp_path / "script.jsonl",
        [{"match": "pills", "reply": "spam"}, {"match": "meeting", "reply": "ham"}],
    )
    student = {"base": str(base), "shrink": {"keep": 2, "vocabulary": "used"}, "epochs": 8, "learning_rate": 0.01}
    recipe = write_recipe(tmp_path, student=student, evaluate=EVALUATE)
    result = stillhouse("run", recipe, "--dir", "run", "--json", cwd=tmp_path, OMP_NUM_THREADS="1")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    measures = summary["manifest"]["stages"]["train"]["counts"]["measures"]
    evaluation = summary["evaluation"]
    assert evaluation["base"]["parameters"] == measures["base_parameters"] > 10 * evaluation["student"]["parameters"]
    assert evaluation["student"]["score"]["value"] > evaluation["base"]["score"]["value"]
    page = (tmp_path / "run/report.html").read_text()
    assert all(f">{name}</th>" in page for name in ("layers kept", "tokens kept", "untrained validation loss"))
    again = stillhouse(
        "generate", recipe, "--dir", "next", "--teacher", "huggingface:run/student", "--json", cwd=tmp_path
    )
    assert again.returncode == 0, again.stderr
    said = pq.read_table(tmp_path / "next/replies.parquet")["reply"].to_pylist()
    assert set(said) <= {"spam", "ham"}
