"""What is shown to a reviewer."""

from __future__ import annotations

from pathlib import Path

from pipeline.evaluate.answers.table import ANSWERS
from pipeline.review.items import Selection, read_pile
from pipeline.run.records import read_rows, write_parquet
from tests.pipeline.review.make import two_teachers


def test_the_students_own_answer_is_shown_beside_what_it_was_taught(tmp_path: Path) -> None:
    run = two_teachers(tmp_path)
    row = next(one for one in read_rows(run.kept) if one["split"] == "heldout")
    said = {**dict.fromkeys(ANSWERS.names), "prompt_id": row["prompt_id"], "fields": []}
    answers = [{**said, "contestant": name, "text": f"{name}'s"} for name in ("base", "student")]
    write_parquet(run.answers, ANSWERS, answers)
    first, *_ = read_pile(run, Selection("disagreement", "heldout", None)).items
    assert (first.prompt_id, first.student) == (row["prompt_id"], "student's")
