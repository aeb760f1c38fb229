"""Confidence from token logprobs: the measures, beside a plain reading of the same tokens, and the selection's laws."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.curate import curate
from pipeline.curate.steps.confidence import CLASSES, Confidence
from pipeline.recipe.curate import Curate, Split
from pipeline.recipe.verdict import Drop, Keep, Sample, Side
from tests.pipeline.curate.make import LOGPROBS, reason, sample, token_among, verdicts_of
from tests.pipeline.curate.make_rows import row, student_messages


def replies(*logprobs: float | None, split: Side = "train", text: str = "spam") -> list[Sample]:
    return [
        sample(f"{split}-{text}-{i}", text, split, tokens=[] if x is None else [token_among(b"x", x)])
        for i, x in enumerate(logprobs)
    ]


def reasons(samples: list[Sample], **settings: Any) -> list[str]:
    return [reason(verdict) for verdict in verdicts_of(Confidence(**settings), samples)]


def test_a_threshold_drops_with_the_measure_as_its_score() -> None:
    verdicts = verdicts_of(Confidence(at_least=-1), replies(-0.5, -2.0))  # both are whole in float32
    assert isinstance(verdicts[0], Keep)
    assert verdicts[0].sample.margin == pytest.approx(-0.5)
    assert verdicts[1] == Drop("low_confidence", -2.0)


def test_the_surest_are_kept_of_each_class() -> None:
    """Overall, the worse class would lose all its rows."""
    samples = [*replies(-0.1, -0.2, -0.3, -0.4), *replies(-5, -6, -7, -8, text="ham")]
    found = reasons(samples, keep=0.5)
    assert found == ["kept", "kept", "low_confidence", "low_confidence"] * 2


def test_with_many_different_completions_the_surest_are_kept_overall() -> None:
    samples = [one for i in range(CLASSES + 1) for one in replies(-float(i), text=f"text {i}")]
    assert reasons(samples, keep=0.5).count("kept") == math.ceil((CLASSES + 1) / 2)
    assert reasons(samples[1:], keep=0.5).count("kept") == CLASSES  # each is the surest of its class


def test_teachers_are_not_compared_with_each_other() -> None:
    ours = replies(-0.1, -0.2)
    theirs = [sample(f"b{i}", tokens=[token_among(b"x", -9.0 - i)], teacher="scripted:other") for i in range(2)]
    assert reasons([*ours, *theirs], keep=0.5) == ["kept", "low_confidence"] * 2


def test_held_out_rows_are_measured_and_never_dropped_and_set_no_cut() -> None:
    heldout = replies(-50, None, split="heldout")
    assert reasons([*replies(-1, -2), *heldout], keep=0.5, at_least=-1.5) == ["kept", "low_confidence", "kept", "kept"]
    [first, _] = verdicts_of(Confidence(at_least=0), heldout)
    assert isinstance(first, Keep)
    assert first.sample.margin == pytest.approx(-50)


def test_a_reply_without_logprobs_is_dropped_unless_the_recipe_keeps_it() -> None:
    assert reasons(replies(None, -1)) == ["no_logprobs", "kept"]
    assert reasons(replies(None, -1), without_logprobs="keep") == ["kept", "kept"]


ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), LOGPROBS), st.sampled_from(["train", "train", "heldout"]), st.sampled_from(["spam", "ham"])
    ),
    max_size=12,
)


def samples_of(rows: list[Any]) -> list[Sample]:
    return [
        sample(str(i), text, split, tokens=[] if x is None else [token_among(b"x", x)])
        for i, (x, split, text) in enumerate(rows)
    ]


def kept(samples: list[Sample], config: Confidence) -> dict[str, Sample]:
    verdicts = verdicts_of(config, samples)
    assert len(verdicts) == len(samples)
    return {verdict.sample.sample_id: verdict.sample for verdict in verdicts if isinstance(verdict, Keep)}


@given(rows=ROWS, data=st.data(), keep=st.sampled_from([0.1, 0.5, 1.0]))
def test_the_rows_order_decides_nothing(rows: list[Any], data: st.DataObject, keep: float) -> None:
    samples = samples_of(rows)
    config = Confidence(keep=keep, at_least=-10)
    assert kept(samples, config) == kept(data.draw(st.permutations(samples)), config)


@given(rows=ROWS, at_least=LOGPROBS)
def test_a_threshold_is_idempotent(rows: list[Any], at_least: float) -> None:
    once = kept(samples_of(rows), config := Confidence(at_least=at_least))
    assert kept(list(once.values()), config) == once


@given(rows=ROWS)
def test_less_is_kept_the_more_is_asked(rows: list[Any]) -> None:
    samples = samples_of(rows)
    for settings in (
        [{"at_least": value} for value in (-30, -10, -1, 0)],
        [{"keep": value} for value in (1, 0.8, 0.5, 0.1)],
    ):
        found = [set(kept(samples, Confidence(**one))) for one in settings]
        assert all(later <= earlier for earlier, later in pairwise(found))


@pytest.mark.parametrize("keep", [0.1, 0.3, 0.7, 0.9])
def test_the_share_kept_is_the_share_asked(keep: float) -> None:
    samples = replies(*[-float(i) for i in range(10)])
    assert reasons(samples, keep=keep).count("kept") == round(10 * keep)


@pytest.mark.parametrize("reply", ["", "x", "😀🎉", "שלום", "a" * 1_000_000])
def test_odd_texts_are_classes_like_any_other(reply: str) -> None:
    rows = [row(f"p{i}", reply=reply, tokens=[token_among(b"x", -float(i))]) for i in range(4)]
    config = Curate(split=Split(heldout=0), steps=[Confidence(keep=0.5)])
    assert list(curate(rows, student_messages(rows), config).kept) == ["p0/0", "p1/0"]


def test_all_may_be_dropped_and_there_may_be_none() -> None:
    assert reasons(replies(-1, -2), at_least=0) == ["low_confidence"] * 2
    assert reasons([]) == []
