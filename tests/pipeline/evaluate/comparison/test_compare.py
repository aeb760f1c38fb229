from __future__ import annotations

import orjson
import pytest

from pipeline.evaluate.answers.contestants import Answer, Contestant, teacher_contestants
from pipeline.evaluate.answers.size import Size
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.parse import parse
from tests.pipeline.evaluate.make import LABELS, compared, contestant, ends, known, row

GOLDS = ["spam", "ham"] * 20


def answers(right: int) -> list[str]:
    """Right on the first `right` rows, wrong on the others."""
    flipped = {"spam": "ham", "ham": "spam"}
    return [gold if index < right else flipped[gold] for index, gold in enumerate(GOLDS)]


def evaluated(teacher: int, base: int, student: int, completions: list[str] | None = None) -> Evaluation:
    replies = answers(teacher)
    rows = [
        row(f"row {index:02}", gold, replies[index], completions[index] if completions else None)
        for index, gold in enumerate(GOLDS)
    ]
    others = [contestant(BASE, answers(base)), contestant(STUDENT, answers(student), size=Size(10, 40), in_flight=2)]
    asked = Contestant(TEACHER, "scripted:t", (), Size(100, 50), in_flight=4)
    teachers = teacher_contestants(rows, asked, LABELS.to_scorer())
    return compared(rows, [*teachers, *others], LABELS, left_out={"duplicate": 3})


def test_it_holds_what_the_readme_promises() -> None:
    found = evaluated(teacher=36, base=20, student=32)
    assert (found.scorer, found.rows, found.left_out) == ("label", 40, {"duplicate": 3})
    contestants = found.contestants
    assert [known(contestants[name].score).value for name in (TEACHER, BASE, STUDENT)] == [0.9, 0.5, 0.8]
    teacher = contestants[TEACHER]
    assert known(teacher.prompt_tokens_mean).value == 400
    assert (known(teacher.latency_p50_s).value, known(teacher.latency_p95_s).value) == (0.5, 0.5)
    assert (teacher.in_flight, teacher.parameters, teacher.bytes, teacher.invalid) == (4, 100, 50, 0)
    assert known(teacher.output_tokens_per_s).value == 4.0
    assert teacher.cost_per_1000_usd is None
    against = found.against_teacher
    assert known(found.student_minus_base).value == pytest.approx(0.3)
    assert known(against.student_minus_teacher).value == pytest.approx(-0.1)
    assert known(against.retention).value == pytest.approx(0.8 / 0.9)
    assert known(against.gap_recovered).value == pytest.approx(0.75)
    assert parse(Evaluation, orjson.dumps(found)) == found


def test_differences_have_paired_intervals() -> None:
    found = evaluated(teacher=40, base=20, student=32)
    for difference in (found.student_minus_base, found.against_teacher.student_minus_teacher):
        low, high = ends(difference)
        assert low <= known(difference).value <= high
        assert low * high > 0  # eight rows and more differ, all the same way


def test_four_rows_that_differ_the_same_way_prove_nothing() -> None:
    """McNemar's exact p is 1/8, which percentiles of the bootstrap would call a difference."""
    low, high = ends(evaluated(teacher=36, base=20, student=32).against_teacher.student_minus_teacher)
    assert low < 0 < high


def test_the_gap_is_null_where_the_teacher_does_not_clearly_lead() -> None:
    assert evaluated(teacher=21, base=20, student=32).against_teacher.gap_recovered is None
    assert evaluated(teacher=20, base=30, student=32).against_teacher.gap_recovered is None
    assert evaluated(teacher=0, base=0, student=32).against_teacher.retention is None


def test_a_relabelled_teacher_is_a_contestant_of_its_own() -> None:
    found = evaluated(teacher=20, base=20, student=32, completions=answers(30))
    calibrated = found.contestants[CALIBRATED]
    assert known(calibrated.score).value == 0.75
    assert calibrated.prompt_tokens_mean == found.contestants[TEACHER].prompt_tokens_mean
    assert known(found.against_teacher.retention).value == pytest.approx(0.8 / 0.5)
    assert found.against_calibrated is not None
    assert known(found.against_calibrated.retention).value == pytest.approx(0.8 / 0.75)
    assert known(found.agreement).value == pytest.approx(38 / 40)


def test_a_rewritten_form_is_not_a_relabelled_teacher() -> None:
    found = evaluated(teacher=36, base=20, student=32, completions=[f"{text.upper()}." for text in answers(36)])
    assert found.teacher_calibrated is None
    assert found.against_calibrated is None


def test_refusals_and_failures_score_nothing_whatever_they_say() -> None:
    said = tuple(Answer("spam", outcome) for outcome in ("ok", "truncated", "refused", "filtered", "transient"))
    rows = [row(str(index)) for index in range(5)]
    found = compared(rows, [Contestant(STUDENT, "s", said)], LABELS).contestants[STUDENT]
    assert (known(found.score).value, found.invalid) == (0.4, 3)
    assert found.outcomes == {"filtered": 1, "ok": 1, "refused": 1, "transient": 1, "truncated": 1}


def test_auc_counts_the_rows_that_have_log_odds() -> None:
    rows = [row(str(index), gold) for index, gold in enumerate(["spam", "ham", "spam", "ham"])]
    said = tuple(Answer("spam", log_odds=odds) for odds in (2.0, -1.0, -2.0, None))
    found = compared(rows, [Contestant(STUDENT, "s", said)], LABELS).contestants[STUDENT]
    assert (known(found.auc).value, known(found.auc).n) == (0.5, 3)
    exact = compared(rows, [Contestant(STUDENT, "s", said)], Evaluate()).contestants[STUDENT]
    assert exact.auc is None


def test_absent_contestants_leave_nulls() -> None:
    found = compared([row("a")], [contestant(STUDENT, ["spam"])], LABELS)
    assert found.student_minus_base is None
    assert found.against_teacher.retention is None
    assert found.against_teacher.gap_recovered is None
    assert found.contestants.keys() == {STUDENT}


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows = [row(f"row {index:02}", gold) for index, gold in enumerate(GOLDS)]
    straight = compared(rows, [contestant(STUDENT, answers(30))], LABELS)
    reversed_ = compared(rows[::-1], [contestant(STUDENT, answers(30)[::-1])], LABELS)
    assert straight.student == reversed_.student


def test_an_estimate_is_of_the_rows_that_have_it() -> None:
    rows = [row(str(index)) for index in range(4)]
    said = tuple(Answer("spam", latency_s=latency_s) for latency_s in (0.1, 0.1, None, 0.1))
    student = compared(rows, [Contestant(STUDENT, "s", said)], LABELS).contestants[STUDENT]
    assert student.latency_p50_s == Estimate(0.1, (None, None), 3)
    assert known(student.score).n == 4
