"""What is shown first."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.review.candidates import Candidate
from pipeline.review.order import ordered


def candidate(name: str, prompt: str = "", said: str = "ham", **values: Any) -> Candidate:
    measures = {"label_margin": None, "vote_margin": None, "mean_logprob": None}
    return Candidate(name, prompt or name, said, "train", values.pop("side", "kept"), **{**measures, **values})


def names(candidates: list[Candidate], by: Any, student: dict[str, str] | None = None) -> str:
    return "".join(one.sample_id for one in ordered(candidates, by, student=student or {}, labels=())[0])


def test_the_least_sure_come_first_by_one_measure_and_the_unknown_last() -> None:
    some = [candidate("a", mean_logprob=-2.0), candidate("b"), candidate("c", mean_logprob=-0.1)]
    assert names(some, "uncertainty") == "acb"
    more = [*some, candidate("d", label_margin=0.2, mean_logprob=-0.01), candidate("e", label_margin=0.1)]
    assert names(more, "uncertainty")[:2] == "ed"
    assert "two likeliest labels" in ordered(more, "uncertainty", student={}, labels=())[1]
    assert "neither logprobs nor votes" in ordered([candidate("a")], "uncertainty", student={}, labels=())[1]


def test_prompts_with_different_answers_come_first_the_students_among_them() -> None:
    some = [candidate("a"), candidate("b", "q", "spam"), candidate("c", "q"), candidate("d", "r")]
    assert set(names(some, "disagreement")[:2]) == {"b", "c"}
    three = {"r": "Spam", "q": "HAM"}
    assert set(names(some, "disagreement", three)[:3]) == {"b", "c", "d"}


@pytest.mark.parametrize("by", ["uncertainty", "disagreement", "random"])
def test_the_order_is_the_same_for_every_reviewer(by: str) -> None:
    some = [candidate(name, mean_logprob=-float(at % 3)) for at, name in enumerate("abcdefgh")]
    assert names(some, by) == names(some[::-1], by)
    assert sorted(names(some, by)) == list("abcdefgh")
