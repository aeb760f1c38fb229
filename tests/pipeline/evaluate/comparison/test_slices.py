from __future__ import annotations

from pipeline.run.evaluation import STUDENT, TEACHER
from tests.pipeline.evaluate.make import LABELS, compared, contestant, ends, known, row

SLICED = LABELS.model_copy(update={"slices": ["kind"]})


def test_each_value_of_a_column_is_a_comparison_of_its_own() -> None:
    rows = [row(f"row {place:02}", fields={"kind": "odd" if place % 2 else "even"}) for place in range(40)]
    student = ["ham" if place % 2 else "spam" for place in range(40)]
    found = compared(rows, [contestant(TEACHER, ["spam"] * 40), contestant(STUDENT, student)], SLICED).slices["kind"]
    assert {value: part.rows for value, part in found.items()} == {"even": 20, "odd": 20}
    assert found["odd"].scores[STUDENT].value == 0.0
    assert known(found["odd"].student_minus_teacher).value == -1.0
    assert ends(found["even"].scores[STUDENT])[0] > 0.8


def test_rare_values_stand_together() -> None:
    rows = [row(f"row {place:02}", fields={"kind": f"k{place % 25:02}"}) for place in range(60)]
    found = compared(rows, [contestant(STUDENT, ["spam"] * 60)], SLICED).slices["kind"]
    assert len(found) == 21
    assert next(iter(found)) == "k00"
    assert found["other"].rows == 60 - sum(part.rows for value, part in found.items() if value != "other")
    assert found["k00"].student_minus_teacher is None
