"""The contract of a scorer: a failure is a score of its row, and the other rows are scored."""

from __future__ import annotations

import pytest

from pipeline.recipe.scorer import LONGEST_FAILURE, Details, Item, Score, Scorer, failed_score
from prompts.errors import MissingExtra


class Lengths(Scorer):
    """Scores by length; some texts raise, as a library's may."""

    def score(self, text: str, gold: str) -> Score:
        if text == "extra":
            raise MissingExtra("lengths", "train")
        return Score(1 / len(text), valid=True)  # nothing has no length


def items(*texts: str) -> list[Item]:
    return [Item("p", (), text, "gold") for text in texts]


def test_a_row_that_cannot_be_scored_fails_alone() -> None:
    first, failed, last = Lengths().score_many(items("ab", "", "a"))
    assert (first.value, last.value) == (0.5, 1.0)
    assert failed == Score(0.0, valid=False, failed="ZeroDivisionError: division by zero")


def test_what_is_not_about_a_row_stops_all() -> None:
    with pytest.raises(MissingExtra):
        Lengths().score_many(items("ab", "extra"))


def test_a_failures_message_is_one_line_and_short() -> None:
    assert failed_score("no\n  answer").failed == "no answer"
    assert len(failed_score(ValueError("x " * 1000)).failed or "") == LONGEST_FAILURE


def test_most_scorers_compare_normal_forms_and_have_no_details() -> None:
    assert Lengths().normal("  A\nB ") == "a b"
    assert Lengths().details(["a"], ["b"]) == Details()
    Lengths().check(["gold"])
