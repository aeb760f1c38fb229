"""Label probabilities, read from a reply's first token."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.curate.label_logprobs import label_logprobs, logsumexp
from tests.pipeline.curate.make import token

LABELS = ["spam", "ham"]


def test_label_logprobs_sum_the_spellings_of_a_label() -> None:
    [first] = token(spam=-1.0, ham=-2.0)
    first["top"] += [{"bytes": b"SP", "id": None, "logprob": -3.0}, {"bytes": b" the", "id": None, "logprob": -0.5}]
    assert label_logprobs([first], LABELS) == pytest.approx([logsumexp([-1.0, -3.0]), -2.0])


def test_a_label_that_was_not_returned_is_at_most_the_least_that_was() -> None:
    assert label_logprobs(token(spam=-0.1, eggs=-7.0), LABELS) == pytest.approx([-0.1, -7.0])


@pytest.mark.parametrize("tokens", [None, [], token(eggs=-1.0)])
def test_no_label_among_the_alternatives_is_none(tokens: Any) -> None:
    assert label_logprobs(tokens, LABELS) is None


def test_a_beginning_that_two_labels_share_counts_for_neither() -> None:
    assert label_logprobs(token(s=-0.1, ham=-2.0), ["spam", "safe", "ham"]) == pytest.approx([-2.0, -2.0, -2.0])
