"""Which decisions stand, what several reviewers' come to, and how far they agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from pipeline.decisions.decision import Decision, standing
from pipeline.decisions.rulings import rule
from pipeline.review.reviewer_agreement import agreements, cohens_kappa
from tests.pipeline.review.make import decision

DECISIONS = st.lists(
    st.builds(
        Decision,
        prompt_id=st.just("p"),
        sample_id=st.sampled_from("st"),
        reviewer=st.sampled_from(["ann", "bob", "eve"]),
        kind=st.sampled_from(["accept", "reject", "edit", "withdraw"]),
        text=st.sampled_from(["ham", "spam"]),
        seen=st.just("ham"),
    ),
    max_size=20,
)


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


@given(DECISIONS, st.randoms(use_true_random=False))
def test_what_is_ruled_does_not_depend_on_who_spoke_first(made: list[Decision], chance: object) -> None:
    found = standing(made)
    chance.shuffle(found)  # type: ignore[attr-defined]  # Hypothesis's Random
    texts = {name: (one.kind == "reject", one.text) for name, one in rule(made).samples.items()}
    assert {name: (one.kind == "reject", one.text) for name, one in rule(found).samples.items()} == texts


def test_the_majority_rules_and_a_tie_decides_nothing() -> None:
    made = [decision("accept", seen="ham"), decision("edit", reviewer="bob", text="spam", seen="ham")]
    split = rule(made)
    assert (dict(split.samples), split.contested, split.digest) == ({}, 1, None)
    settled = rule([*made, decision("edit", reviewer="eve", text=" Spam ", seen="ham")])
    assert (settled.samples["s"].text, settled.contested) == (" Spam ", 0)
    same = rule([decision("accept", seen="ham"), decision("edit", reviewer="bob", text="Ham", seen="x")])
    assert same.contested == 0  # an edit to what another accepted


def test_gold_is_what_was_accepted_or_written_where_a_prompts_answers_agree() -> None:
    made = [decision("accept", "a", seen="ham"), decision("reject", "b", prompt="q", seen="ham")]
    assert rule(made).gold == {"p": "ham"}
    assert rule([*made, decision("edit", "c", text="spam", seen="x")]).gold == {}


def test_kappa_of_cohens_own_kind() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    observed, kappa = cohens_kappa(pairs)
    assert [observed, kappa] == pytest.approx([0.7, 0.4])
    assert cohens_kappa([("yes", "yes")] * 3) == (1.0, None)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40))
def test_kappa_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    _, kappa = cohens_kappa(pairs)
    if kappa is not None:
        assert kappa == pytest.approx(cohen_kappa_score(*map(list, zip(*pairs, strict=True))))


def test_agreement_is_of_what_both_have_answered() -> None:
    made = [
        *(decision("accept", name, seen="ham") for name in "abc"),
        *(decision("accept", name, "bob", seen="ham") for name in "ab"),
        decision("reject", "c", "bob", seen="ham"),
        decision("reject", "d", "bob"),
        decision("prefer", "a", other_id="b"),
    ]
    [one] = agreements(made, ())
    assert (one.reviewers, one.questions, one.n) == (("ann", "bob"), "answers", 3)
    assert one.observed == pytest.approx(2 / 3)
