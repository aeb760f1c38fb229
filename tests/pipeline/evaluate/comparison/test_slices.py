from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.curate.both_sides import KEPT
from pipeline.evaluate.answers.contestants import Answer, Contestant
from pipeline.evaluate.comparison.compare import compare
from pipeline.evaluate.leaks import find_leaks
from pipeline.run.evaluation import STUDENT, TEACHER
from pipeline.run.records import write_parquet
from prompts.errors import InputError
from prompts.sources.columns import read_columns
from prompts.sources.load import load_prompts
from prompts.template import load_template
from tests.pipeline.evaluate.make import LABELS, contestant, parquet_row, row
from tests.pipeline.helpers import TEMPLATE, write_rows

SLICED = LABELS.model_copy(update={"slices": ["kind"]})


def test_each_value_of_a_column_is_a_comparison_of_its_own() -> None:
    rows = [row(f"row {place:02}", fields={"kind": "odd" if place % 2 else "even"}) for place in range(40)]
    student = ["ham" if place % 2 else "spam" for place in range(40)]
    found = compare(rows, [contestant(TEACHER, ["spam"] * 40), contestant(STUDENT, student)], SLICED, {})["slices"]
    assert {value: one["rows"] for value, one in found["kind"].items()} == {"even": 20, "odd": 20}
    assert found["kind"]["odd"][STUDENT]["score"] == 0.0
    assert found["kind"]["odd"]["student_minus_teacher"]["value"] == -1.0
    assert found["kind"]["even"][STUDENT]["ci95"][0] > 0.8


def test_rare_values_stand_together() -> None:
    rows = [row(f"row {place:02}", fields={"kind": f"k{place % 25:02}"}) for place in range(60)]
    found = compare(rows, [contestant(STUDENT, ["spam"] * 60)], SLICED, {})["slices"]["kind"]
    assert len(found) == 21
    assert next(iter(found)) == "k00"
    assert found["other"]["rows"] == 60 - sum(one["rows"] for value, one in found.items() if value != "other")
    assert found["k00"]["student_minus_teacher"] is None


def test_columns_are_read_by_the_prompts_id(tmp_path: Path) -> None:
    (tmp_path / "t.md").write_text(TEMPLATE)
    rows: list[dict[str, Any]] = [
        {"text": "a", "kind": "x"},
        {"text": "b", "kind": None},
        {"text": "a", "kind": "later"},
    ]
    source, template = write_rows(tmp_path / "rows.jsonl", rows), load_template(tmp_path / "t.md")
    first, second = load_prompts(source, template).prompts
    assert read_columns(source, template, ["kind"], field="f") == {first.id: {"kind": "x"}, second.id: {"kind": ""}}
    with pytest.raises(InputError, match=r"field 'evaluate.slices': no column 'other'"):
        read_columns(source, template, ["other"], field="evaluate.slices")


def test_regressions_are_the_worst_first() -> None:
    rows = [row(name) for name in "abcd"]
    said = (*(Answer("ham", confidence=0.5), Answer("spam"), Answer("ham", confidence=0.9), Answer("ham")),)
    found = compare(rows, [contestant(TEACHER, ["spam"] * 3 + ["ham"]), Contestant(STUDENT, "s", said)], LABELS, {})
    assert [(one["prompt_id"], one["lost"]) for one in found["regressions"]] == [("c", 1.0), ("a", 1.0)]
    assert found["regressions"][0]["answers"][TEACHER]["score"] == 1.0


def learned(prompt_id: str, text: str, asked: str) -> dict[str, object]:
    completion = [{"role": "assistant", "content": text}]
    return parquet_row(prompt_id, split="train", completion=completion, prompt=[{"role": "user", "content": asked}])


def test_leaks_are_counted(tmp_path: Path) -> None:
    long = "one two three four five six seven eight"
    kept = [
        learned("t1", long, "something else entirely, about rivers"),
        learned("t2", "short", "is row a spam? it offers you ten cheap pills for a penny today only, reply now"),
    ]
    write_parquet(tmp_path / "kept.parquet", KEPT, kept)
    asked = "is row a spam? it offers you ten cheap pills for a penny today only, reply soon"
    rows = [row("a"), row("b"), row("c")]
    rows[0] = type(rows[0])("a", "spam", (type(rows[0].student_messages[0])("user", asked),), (), rows[0].reply, "spam")
    found = find_leaks(tmp_path / "kept.parquet", rows, [Answer("short"), Answer(f" {long}"), Answer(f"{long} nine")])
    assert found["memorised"] == {"student": {"count": 1, "rows": 3, "ids": ["b"]}}
    assert found["contaminated"] == {"count": 1, "rows": 3, "ids": ["a"]}
