from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.evaluate.answers.contestants import Answer, Contestant, teacher_contestants
from pipeline.evaluate.answers.size import Size
from pipeline.evaluate.comparison.compare import compare
from pipeline.evaluate.comparison.examples import MAX_CHARS, RIGHT, WRONG
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from tests.pipeline.evaluate.make import LABELS, contestant, row

GOLDS = ["spam", "ham"] * 20


def answers(right: int) -> list[str]:
    """Right on the first `right` rows, wrong on the others."""
    flipped = {"spam": "ham", "ham": "spam"}
    return [gold if index < right else flipped[gold] for index, gold in enumerate(GOLDS)]


def evaluated(teacher: int, base: int, student: int, completions: list[str] | None = None) -> dict[str, Any]:
    replies = answers(teacher)
    rows = [
        row(f"row {index:02}", gold, replies[index], completions[index] if completions else None)
        for index, gold in enumerate(GOLDS)
    ]
    others = [contestant(BASE, answers(base)), contestant(STUDENT, answers(student), size=Size(10, 40), in_flight=2)]
    teachers = teacher_contestants(rows, "scripted:t", LABELS.to_scorer(), size=Size(100, 50), in_flight=4)
    return compare(rows, [*teachers, *others], LABELS, {"duplicate": 3})


def test_it_holds_what_the_readme_promises() -> None:
    found = evaluated(teacher=36, base=20, student=32)
    assert (found["scorer"], found["rows"], found["left_out"]) == ("label", 40, {"duplicate": 3})
    assert [found[name]["score"] for name in (TEACHER, BASE, STUDENT)] == [0.9, 0.5, 0.8]
    assert found[TEACHER].items() >= {
        "prompt_tokens_mean": 400, "latency_p50_s": 0.5, "latency_p95_s": 0.5, "in_flight": 4,
        "parameters": 100, "bytes": 50, "output_tokens_per_s": 4.0, "cost_per_1000_usd": None, "invalid": 0,
    }.items()  # fmt: skip
    assert found["student_minus_base"]["value"] == pytest.approx(0.3)
    assert found["student_minus_teacher"]["value"] == pytest.approx(-0.1)
    assert found["retention"] == pytest.approx(0.8 / 0.9)
    assert found["gap_recovered"] == pytest.approx(0.75)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("name", ["student_minus_base", "student_minus_teacher"])
def test_differences_have_paired_intervals(name: str) -> None:
    difference = evaluated(teacher=40, base=20, student=32)[name]
    low, high = difference["ci95"]
    assert low <= difference["value"] <= high
    assert low * high > 0  # eight rows and more differ, all the same way


def test_four_rows_that_differ_the_same_way_prove_nothing() -> None:
    """McNemar's exact p is 1/8, which percentiles of the bootstrap would call a difference."""
    low, high = evaluated(teacher=36, base=20, student=32)["student_minus_teacher"]["ci95"]
    assert low < 0 < high


def test_the_gap_is_null_where_the_teacher_does_not_clearly_lead() -> None:
    assert evaluated(teacher=21, base=20, student=32)["gap_recovered"] is None
    assert evaluated(teacher=20, base=30, student=32)["gap_recovered"] is None
    assert evaluated(teacher=0, base=0, student=32)["retention"] is None


def test_a_relabelled_teacher_is_a_contestant_of_its_own() -> None:
    found = evaluated(teacher=20, base=20, student=32, completions=answers(30))
    assert found[CALIBRATED]["score"] == 0.75
    assert found[CALIBRATED]["prompt_tokens_mean"] == found[TEACHER]["prompt_tokens_mean"]
    assert found["retention"] == pytest.approx(0.8 / 0.5)
    assert found["against_calibrated"]["retention"] == pytest.approx(0.8 / 0.75)
    assert found["agreement"]["value"] == pytest.approx(38 / 40)


def test_a_rewritten_form_is_not_a_relabelled_teacher() -> None:
    found = evaluated(teacher=36, base=20, student=32, completions=[f"{text.upper()}." for text in answers(36)])
    assert CALIBRATED not in found
    assert found["against_calibrated"] is None


def test_refusals_and_failures_score_nothing_whatever_they_say() -> None:
    said = tuple(Answer("spam", outcome) for outcome in ("ok", "truncated", "refused", "filtered", "transient"))
    rows = [row(str(index)) for index in range(5)]
    found = compare(rows, [Contestant(STUDENT, "s", said)], LABELS, {})[STUDENT]
    assert (found["score"], found["invalid"]) == (0.4, 3)
    assert found["outcomes"] == {"filtered": 1, "ok": 1, "refused": 1, "transient": 1, "truncated": 1}


def test_auc_counts_the_rows_that_have_log_odds() -> None:
    rows = [row(str(index), gold) for index, gold in enumerate(["spam", "ham", "spam", "ham"])]
    said = tuple(Answer("spam", log_odds=odds) for odds in (2.0, -1.0, -2.0, None))
    found = compare(rows, [Contestant(STUDENT, "s", said)], LABELS, {})[STUDENT]
    assert (found["auc"], found["auc_rows"]) == (0.5, 3)
    assert "auc" not in compare(rows, [Contestant(STUDENT, "s", said)], Evaluate(), {})[STUDENT]


def test_absent_contestants_leave_nulls() -> None:
    found = compare([row("a")], [contestant(STUDENT, ["spam"])], LABELS, {})
    assert found["student_minus_base"] is None
    assert found["retention"] is None
    assert found["gap_recovered"] is None


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows = [row(f"row {index:02}", gold) for index, gold in enumerate(GOLDS)]
    straight = compare(rows, [contestant(STUDENT, answers(30))], LABELS, {})
    reversed_ = compare(rows[::-1], [contestant(STUDENT, answers(30)[::-1])], LABELS, {})
    assert straight[STUDENT] == reversed_[STUDENT]


def test_examples_are_few_and_short_and_begin_with_what_went_wrong() -> None:
    rows = [row(f"row {index:02}", gold, reply="x" * 9000) for index, gold in enumerate(GOLDS)]
    found = compare(rows, [contestant(STUDENT, answers(20))], LABELS, {})["examples"]
    assert [example["answers"][STUDENT]["score"] for example in found] == [0.0] * WRONG + [1.0] * RIGHT
    long = compare(rows, [contestant(STUDENT, ["y" * 9000] * 40)], LABELS, {})["examples"]
    assert len(long[0]["answers"][STUDENT]["text"]) < MAX_CHARS + 10
