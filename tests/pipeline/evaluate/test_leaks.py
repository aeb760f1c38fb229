from __future__ import annotations

from pathlib import Path

from pipeline.curate.both_sides import KEPT
from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.leaks import find_leaks
from pipeline.run.evaluation.checks import Leak
from pipeline.run.records import write_parquet
from tests.pipeline.evaluate.make import parquet_row, row


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
    assert found.memorised == Leak(1, 3, ("b",))
    assert found.contaminated == Leak(1, 3, ("a",))
