"""What people decide, from their decisions to the student and its scores, over the command line."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipeline.decisions.decision import Decision, Kind
from pipeline.decisions.store import Store
from pipeline.run.directory import RunDir
from pipeline.run.records import read_rows
from tests.pipeline.helpers import stages_of, stillhouse, write_recipe, write_rows

STUDENT = {"epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "eval_every": 1, "validation_fraction": 0.3}


@pytest.fixture
def sections(tmp_path: Path, tiny: Path) -> dict[str, Any]:
    """A recipe without gold whose two teachers differ on every mail."""
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail number {number}"} for number in range(24)])
    for name in ("ham", "spam"):
        write_rows(tmp_path / f"{name}.jsonl", [{"reply": name}])
    return {
        "prompts": {"source": "rows.jsonl", "template": "t.md"},
        "teacher": [{"spec": f"scripted:{tmp_path}/{name}.jsonl", "name": name} for name in ("ham", "spam")],
        "curate": {"split": {"heldout": 0.3}, "steps": [{"step": "outcome"}]},
        "student": {"base": str(tiny), **STUDENT},
        "evaluate": {"max_tokens": 2, "resamples": 100, "economics": {"load_requests": 0}},
    }


def rows_of(run: RunDir, split: str, reply: str) -> list[dict[str, Any]]:
    return [row for row in read_rows(run.kept) if (row["split"], row["reply"]) == (split, reply)]


def decide(run: RunDir, kind: Kind, rows: list[dict[str, Any]], **values: Any) -> None:
    with closing(Store(run.reviews)) as store:
        store.add(
            Decision(row["prompt_id"], row["sample_id"], "ann", kind, seen=row["reply"], **values) for row in rows
        )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_student_learns_from_peoples_preferences_alone(tmp_path: Path, sections: dict[str, Any]) -> None:
    student = {**sections["student"], "method": "preference"}
    recipe, run = write_recipe(tmp_path, **{**sections, "student": student}), RunDir(tmp_path / "run")
    refused = stillhouse("run", recipe, "--dir", "run", cwd=tmp_path)
    assert refused.returncode == 2
    assert "recipe.yaml:" in refused.stderr
    assert "field 'student.method'" in refused.stderr
    assert "stillhouse review run" in refused.stderr
    assert not run.replies.exists()  # nobody was asked
    plan = stillhouse("plan", recipe, "--dir", "run", cwd=tmp_path)
    assert "the run would stop at once: field 'student.method'" in plan.stdout
    assert stages_of(recipe, "--dir", "run", "--until", "curate", cwd=tmp_path)["curate"]["status"] == "done"
    ham, spam = (rows_of(run, "train", name) for name in ("ham", "spam"))
    decide(run, "accept", ham)  # that an answer is right says of no other that it is worse
    assert stillhouse("run", recipe, "--dir", "run", cwd=tmp_path).returncode == 2
    for better, worse in zip(ham[2:], spam[2:], strict=True):
        decide(run, "prefer", [better], other_id=worse["sample_id"])
    decide(run, "edit", spam[:2], text="ham, surely")
    found = stages_of(recipe, "--dir", "run", "--until", "train", cwd=tmp_path)
    pairs = [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in read_rows(run.preferences)]
    assert sorted(pairs) == sorted([("ham", "spam")] * (len(ham) - 2) + [("ham, surely", "spam")] * 2)
    counts = found["train"]["counts"]
    assert counts["rows"] + counts["validation_rows"] == len(ham)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_people_give_the_gold_that_everyone_is_scored_by(tmp_path: Path, sections: dict[str, Any]) -> None:
    recipe, run = write_recipe(tmp_path, **sections), RunDir(tmp_path / "run")
    stages_of(recipe, "--dir", "run", "--until", "curate", cwd=tmp_path)
    ham = rows_of(run, "heldout", "ham")
    assert len(ham) >= 4
    decide(run, "accept", ham[:2])
    first = stages_of(recipe, "--dir", "run", cwd=tmp_path)
    assert scored(run) == (2, 1.0)
    assert [row["gold"] for row in read_rows(run.kept) if row["gold"] is not None] == ["ham"] * 4  # both teachers' rows
    assert "1.000" in run.report_markdown.read_text()

    decide(run, "edit", ham[2:4], text="surely spam")
    second = stages_of(recipe, "--dir", "run", cwd=tmp_path)
    assert scored(run) == (4, 0.5)
    assert ran_again(first, second) == {"curate", "evaluate", "report"}
    assert second["evaluate"]["counts"]["asked"] <= 2 * 2  # two prompts more, of base and student

    decide(run, "reject", ham[4:])  # says nothing that anybody could be scored by
    third = stages_of(recipe, "--dir", "run", cwd=tmp_path)
    assert ran_again(second, third) == ({"curate"} if ham[4:] else set())

    decide(run, "reject", rows_of(run, "train", "spam")[:1])
    fourth = stages_of(recipe, "--dir", "run", cwd=tmp_path)
    assert ran_again(third, fourth) == {"curate", "train", "evaluate", "report"}


def scored(run: RunDir) -> tuple[int, float]:
    """The rows that were scored, and the teacher's score; the student has one too."""
    found = json.loads(run.evaluation.read_text())
    assert found["student"]["score"] is not None
    return found["rows"], found["teacher"]["score"]["value"]


def ran_again(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name, entry in after.items() if entry["started_at"] != before[name]["started_at"]}
