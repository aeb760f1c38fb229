"""Several teachers in one recipe, as whole runs to the end of curation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.pipeline.helpers import stillhouse, tell, write_recipe, write_rows

STEPS = {"split": {"heldout": 0.3}, "steps": [{"step": "outcome"}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [{"text": f"mail {i}", "label": "ham", "kind": "bill" if i % 2 else "other"} for i in range(12)]
    write_rows(tmp_path / "rows.jsonl", rows)
    return tmp_path


def teacher(folder: Path, name: str, *rules: dict[str, Any]) -> dict[str, str]:
    path = write_rows(folder / f"{name}.jsonl", list(rules))
    return {"spec": f"scripted:{path}", "name": name}


def curate(folder: Path, **sections: Any) -> dict[str, Any]:
    recipe = write_recipe(folder, curate=STEPS, **sections)
    result = stillhouse("run", recipe, "--until", "curate", "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    stages: dict[str, Any] = json.loads(result.stdout)["manifest"]["stages"]
    return {name: stages[name]["counts"] for name in ("generate", "curate")}


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "runs/small" / f"{name}.parquet").to_pylist()
    return rows


def who(row: dict[str, Any]) -> str:
    return Path(row["teacher"]["model"]).stem


def journaled_attempts(folder: Path) -> dict[str, int]:
    status = json.loads(tell("status", "runs/small", "--json", cwd=folder).stdout)
    attempts: dict[str, int] = status["journal"]["attempts"]
    return attempts


def test_all_keeps_every_reply_with_who_said_it(folder: Path) -> None:
    entries = [teacher(folder, "a", {"reply": "from a"}), teacher(folder, "b", {"reply": "from b"})]
    counts = curate(folder, teacher=entries)
    assert counts["generate"]["samples"] == counts["curate"]["kept"] == 24
    for row in table(folder, "kept"):
        assert row["reply"] == f"from {who(row)}"


def test_the_next_teacher_answers_where_the_first_refuses_or_fails(folder: Path) -> None:
    refusing = teacher(
        folder,
        "a",
        {"match": "mail 3", "reply": "I will not", "outcome": "refused"},
        {"match": "mail 5", "error": "malformed"},
        {"match": "mail 7", "error": "invalid"},
        {"reply": "from a"},
    )
    entries = [refusing, teacher(folder, "b", {"reply": "from b"})]
    counts = curate(folder, teacher=entries, combine={"how": "fallback"}, generate={"attempts": 2})
    found = {row["messages"][-1]["content"]: who(row) for row in table(folder, "kept")}
    assert {text for text, name in found.items() if name == "b"} == {"mail 3", "mail 5", "mail 7"}
    assert len(found) == 12
    assert counts["generate"]["samples"] == 15  # what was refused or failed is still there, as who said it
    assert counts["curate"]["failed"] == {"malformed": 1, "invalid": 1}
    before = journaled_attempts(folder)
    again = stillhouse("run", "recipe.yaml", "--until", "curate", cwd=folder)
    assert "generate: up to date" in again.stderr + again.stdout
    assert journaled_attempts(folder) == before


def test_a_route_asks_one_teacher_a_prompt(folder: Path) -> None:
    entries = [teacher(folder, "a", {"reply": "from a"}), teacher(folder, "b", {"reply": "from b"})]
    routes = {"bill": "b", "*": "a"}
    counts = curate(folder, teacher=entries, combine={"how": "route", "by": "kind", "routes": routes})
    assert counts["generate"]["samples"] == 12
    for row in table(folder, "kept"):
        odd = int(row["messages"][-1]["content"].split()[1]) % 2
        assert who(row) == ("b" if odd else "a")


def test_a_vote_keeps_what_most_say_and_the_corpus_keeps_the_rest(folder: Path) -> None:
    entries = [
        teacher(folder, "a", {"reply": "ham"}),
        teacher(folder, "b", {"reply": "Ham"}),
        teacher(folder, "c", {"match": "mail 4", "reply": "ham"}, {"reply": "spam"}),
    ]
    counts = curate(folder, teacher=entries, combine={"how": "vote", "min_share": 0.6})
    assert counts["curate"]["kept"] == 12
    assert counts["curate"]["dropped"] == {"agreement": {"not_chosen": 24}}
    rows = {row["messages"][-1]["content"]: row for row in table(folder, "kept")}
    assert {row["reply"].casefold() for row in rows.values()} == {"ham"}
    assert rows["mail 4"]["margin"] == 1
    assert rows["mail 3"]["margin"] == pytest.approx(2 / 3)
    assert [label["share"] for label in rows["mail 4"]["soft_labels"]] == [1]
    assert [label["share"] for label in rows["mail 3"]["soft_labels"]] == pytest.approx([2 / 3, 1 / 3])
    assert rows["mail 3"]["soft_labels"][1]["text"] == "spam"


def test_a_judge_picks_and_is_never_asked_twice(folder: Path) -> None:
    entries = [teacher(folder, "a", {"reply": "poor"}), teacher(folder, "b", {"reply": "excellent"})]
    # The judge picks 'excellent' wherever it stands: it is listed first or second.
    judge = teacher(
        folder,
        "judge",
        {"match": "<answer number=1>\nexcellent", "reply": "1"},
        {"match": "<answer number=2>\nexcellent", "reply": "2"},
    )
    combine = {"how": "best", "judge": judge}
    counts = curate(folder, teacher=entries, combine=combine)
    assert counts["curate"]["kept"] == 12
    assert {who(row) for row in table(folder, "kept")} == {"b"}
    assert journaled_attempts(folder) == {"ok": 24 + 24}  # two teachers, and the judge in both orders
    again = stillhouse("run", "recipe.yaml", "--until", "curate", "--from", "curate", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert journaled_attempts(folder) == {"ok": 48}


def test_a_text_only_teachers_replies_are_rescored_by_an_open_one(folder: Path, tiny: Path) -> None:
    words = teacher(folder, "a", {"reply": "good café ☕"})
    rescore = {"teacher": f"huggingface:{tiny}", "top_logprobs": 3}
    counts = curate(folder, teacher=[words], rescore={**rescore, "teacher": {"spec": rescore["teacher"]}})
    assert counts["curate"]["kept"] == 12
    for row in table(folder, "kept"):
        assert b"".join(token["bytes"] for token in row["tokens"]).decode() == "good café ☕"
        assert all(len(token["top"]) == 3 for token in row["tokens"])
        assert row["scored_by"] == f"huggingface:{tiny}"
        assert row["teacher"]["provider"] == "scripted"
    before = journaled_attempts(folder)
    assert before == {"ok": 24}
    again = stillhouse("run", "recipe.yaml", "--until", "curate", "--from", "generate", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert journaled_attempts(folder) == before


def test_a_rescorer_that_cannot_score_is_refused_before_any_call(folder: Path) -> None:
    entry = teacher(folder, "a", {"reply": "x"})
    recipe = write_recipe(folder, teacher=[entry], purpose="task", rescore={"teacher": {"spec": "openai:gpt-4.1"}})
    result = stillhouse("run", recipe, "--until", "curate", cwd=folder)
    assert result.returncode == 2
    assert "cannot score a given text" in result.stderr
    assert not (folder / "runs/small/journal.sqlite").exists()
