"""Scores that could not be had, and a judge's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pipeline.evaluate.comparison.scores import Scores, score_everyone
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Score
from pipeline.run.errors import RunError
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.run.evaluation.checks import ScorerFailure
from prompts.errors import InputError
from prompts.messages import Conversation
from tests.pipeline.evaluate.make import LABELS, compared, contestant, ends, known, row

JUDGED = Evaluate.model_validate({"scorer": {"name": "judge", "judge": {"spec": "scripted:judge"}}, "resamples": 200})
ROWS = [row(f"row {place:02}", "good") for place in range(12)]


def judged(student: Sequence[str], verdict: Any, config: Evaluate = JUDGED) -> Scores:
    """`verdict` is told the two answers in their places."""

    def ask(questions: Sequence[Conversation]) -> Mapping[Conversation, str | None]:
        return {question: verdict(*_answers(question[0].content)) for question in questions}

    everyone = [contestant(TEACHER, ["fine"] * 12), contestant(STUDENT, student)]
    return score_everyone(ROWS, everyone, config, ask)


def _answers(text: str) -> list[str]:
    blocks = text.split(" answer ")[1:]
    return [block.split("\n")[1] for block in blocks]


def better(one: str, two: str) -> str:
    """A judge that looks at the answers: good beats fine beats bad."""
    order = ["bad", "fine", "good"]
    return "1" if order.index(one) > order.index(two) else "2"


def test_a_judge_compares_with_the_teacher() -> None:
    scores = judged(["good"] * 6 + ["fine"] * 3 + ["bad"] * 3, better)
    assert [score.value for score in scores.columns[STUDENT]] == [1.0] * 6 + [0.5] * 3 + [0.0] * 3
    assert {score.value for score in scores.columns[TEACHER]} == {0.5}
    assert scores.judge is not None
    assert scores.judge.calls == 18  # of two answers that are the same nobody is asked
    assert known(scores.judge.first_position_wins).value == 0.5
    assert scores.judge.prefers is None
    agreement = known(scores.judge.agreement_with_gold)
    assert (agreement.value, agreement.n) == (1.0, 6)
    assert ends(agreement) == pytest.approx((0.61, 1.0), abs=0.01)


def test_a_judge_that_prefers_the_first_place_is_found_out_and_favours_nobody() -> None:
    scores = judged(["good"] * 12, lambda one, two: "1")
    assert {score.value for score in scores.columns[STUDENT]} == {0.5}
    assert scores.judge is not None
    assert scores.judge.prefers == "first"
    assert known(scores.judge.first_position_wins).value == 1.0
    assert ends(scores.judge.first_position_wins)[0] > 0.5
    assert scores.judge.changed == 12


def test_a_judge_without_a_verdict_counts_for_nobody() -> None:
    said = iter(["maybe"])
    scores = judged(["good"] * 12, lambda one, two: next(said, better(one, two)))
    assert [failure.message for failure in scores.failures(ROWS)] == ["the judge gave no verdict"]
    everyone = [contestant(TEACHER, ["fine"] * 12), contestant(STUDENT, ["good"] * 12)]
    found = compared(ROWS, everyone, JUDGED, scores=scores)
    score = known(found.contestants[STUDENT].score)
    assert (score.value, score.n, found.rows) == (1.0, 11, 12)
    assert found.judge is not None
    assert found.judge.failures == 1


def test_a_judge_must_be_askable() -> None:
    with pytest.raises(InputError, match="can be asked"):
        score_everyone(ROWS, [contestant(TEACHER, ["fine"] * 12)], JUDGED)


def test_a_row_that_the_scorer_failed_on_is_left_out_of_all_means_alike() -> None:
    right, broken = Score(1.0, True), Score(0.0, False, failed="ValueError: no")
    columns = {BASE: [right] * 12, STUDENT: [broken, *[right] * 5, *[Score(0.0, True)] * 6]}
    everyone = [contestant(BASE, ["good"] * 12), contestant(STUDENT, ["good"] * 12)]
    found = compared(ROWS, everyone, Evaluate(), scores=Scores(columns))
    assert found.scorer_failed == (ScorerFailure("row 00", "student", "ValueError: no"),)
    base, student = (known(found.contestants[name].score) for name in (BASE, STUDENT))
    assert [base.n, student.n] == [11, 11]
    assert student.value == pytest.approx(5 / 11)
    assert known(found.student_minus_base).n == 11


def test_a_scorer_that_fails_on_every_row_ends_the_run(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text("def score(row): return 1 / 0")
    config = Evaluate(scorer={"name": "function", "function": "mine.py:score"}).beside(tmp_path)
    with pytest.raises(RunError, match="failed on every one of 12 held-out rows: ZeroDivisionError"):
        score_everyone(ROWS, [contestant(STUDENT, ["good"] * 12)], config)


def test_without_gold_and_judge_it_says_what_it_can() -> None:
    rows = [row(f"row {place:02}", None) for place in range(40)]
    found = compared(rows, [contestant(TEACHER, ["spam"] * 40), contestant(STUDENT, ["spam"] * 40)], LABELS)
    student = found.contestants[STUDENT]
    assert found.verdict_withheld == "no gold answer and no judge"
    assert (student.score, student.invalid) == (None, None)
    assert known(student.prompt_tokens_mean).value == 40
    assert known(found.agreement).value == 1.0
    assert found.against_teacher.retention is None
    assert len(found.examples) == 12


def test_under_thirty_rows_there_are_intervals_and_no_verdict() -> None:
    found = compared(ROWS, [contestant(STUDENT, ["good"] * 12)], Evaluate())
    assert ends(found.contestants[STUDENT].score)[0] < 1
    assert found.verdict_withheld == "fewer than 30 rows"


def test_few_independent_groups_have_no_verdict_however_many_their_rows() -> None:
    rows = [row(f"row {place:02}", "good", group=f"group {place % 5}") for place in range(60)]
    found = compared(rows, [contestant(STUDENT, ["good"] * 60)], Evaluate())
    assert found.verdict_withheld == "fewer than 30 independent groups of rows"
