from __future__ import annotations

from pipeline.evaluate.answers.contestants import Answer, Contestant
from pipeline.evaluate.comparison.examples import MAX_CHARS, RIGHT, WRONG
from pipeline.run.evaluation import STUDENT, TEACHER
from tests.pipeline.evaluate.make import LABELS, compared, contestant, row


def test_examples_are_few_and_short_and_begin_with_what_went_wrong() -> None:
    golds = ["spam", "ham"] * 20
    rows = [row(f"row {index:02}", gold, reply="x" * 9000) for index, gold in enumerate(golds)]
    answers = [*golds[:20], *("eels" for _ in golds[20:])]
    found = compared(rows, [contestant(STUDENT, answers)], LABELS).examples
    assert [example.answers[STUDENT].score for example in found] == [0.0] * WRONG + [1.0] * RIGHT
    long = compared(rows, [contestant(STUDENT, ["y" * 9000] * 40)], LABELS).examples
    assert len(long[0].answers[STUDENT].text) < MAX_CHARS + 10


def test_regressions_are_the_worst_first() -> None:
    rows = [row(name) for name in "abcd"]
    said = (Answer("ham", confidence=0.5), Answer("spam"), Answer("ham", confidence=0.9), Answer("ham"))
    teacher = contestant(TEACHER, ["spam"] * 3 + ["ham"])
    found = compared(rows, [teacher, Contestant(STUDENT, "s", said)], LABELS).regressions
    assert [(one.prompt_id, one.lost) for one in found] == [("c", 1.0), ("a", 1.0)]
    assert found[0].answers[TEACHER].score == 1.0
