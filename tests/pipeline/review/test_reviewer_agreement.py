"""How far reviewers agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from pipeline.review.reviewer_agreement import agreements, cohens_kappa
from tests.pipeline.review.make import decision


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
