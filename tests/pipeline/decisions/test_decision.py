"""Which decisions stand, what several reviewers' come to, and how far they agree."""

from __future__ import annotations

from hypothesis import given

from pipeline.decisions.decision import Decision, standing
from tests.pipeline.decisions.make import DECISIONS
from tests.pipeline.review.make import decision


def test_a_later_decision_takes_the_earlier_ones_place_and_can_be_withdrawn() -> None:
    made = [decision("accept", seen="ham"), decision("reject"), decision("accept", reviewer="bob", seen="ham")]
    assert [one.kind for one in standing(made)] == ["reject", "accept"]
    assert [one.reviewer for one in standing([*made, decision("withdraw")])] == ["bob"]


def test_a_pair_is_one_question_whichever_was_better() -> None:
    made = [decision("prefer", "a", other_id="b"), decision("prefer", "b", other_id="a"), decision("reject", "a")]
    assert [(one.kind, one.sample_id) for one in standing(made)] == [("prefer", "b"), ("reject", "a")]


@given(DECISIONS)
def test_one_decision_a_reviewer_and_question_stands_and_standing_changes_nothing_twice(made: list[Decision]) -> None:
    found = standing(made)
    assert len({(one.reviewer, one.question) for one in found}) == len(found)
    assert standing(found) == found
