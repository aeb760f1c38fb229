"""A prompt's samples vote: what counts as the same, what is kept, and the laws of the vote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.curate.steps.agreement import Agreement
from pipeline.recipe.verdict import Drop, Keep, Sample, Side
from tests.pipeline.curate.make import reason, sample, verdicts_of

CONFIGS = [
    Agreement(min_share=0.6),
    Agreement(by="label", min_margin=0.3),
    Agreement(by="json", fields=["a"]),
    Agreement(by="json"),
    Agreement(by="number", tolerance=0.5),
]

TEXTS = ["spam", "Spam!", "ham", "", "7", "so 7.4", "7.9", '{"a": 1}', '{"a": 1.0, "b": 2}', '{"a": "X "}', "\u202b123"]


def ballots(*texts: str, split: Side = "train", prompt: str = "mail") -> list[Sample]:
    return [sample(prompt, text, split, sample_id=f"{prompt}-{place}") for place, text in enumerate(texts)]


def kept(samples: list[Sample], config: Agreement) -> list[Sample]:
    return [verdict.sample for verdict in verdicts_of(config, samples) if isinstance(verdict, Keep)]


def vote_groups(config: Agreement, *texts: str) -> list[tuple[str, Any]]:
    """The soft labels of a vote that keeps its winner however narrow it is."""
    [winner] = kept(ballots(*texts), config.model_copy(update={"min_share": 0, "min_margin": 0}))
    return [(text, pytest.approx(share)) for text, share in winner.soft_labels]


@st.composite
def votes(draw: st.DrawFn) -> list[Sample]:
    samples: list[Sample] = []
    for prompt in "abcd"[: draw(st.integers(1, 4))]:
        split: Side = draw(st.sampled_from(["train", "heldout"]))
        texts = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6))
        samples += ballots(*texts, split=split, prompt=prompt)
    return samples


@pytest.mark.parametrize(
    ("config", "texts", "expected"),
    [
        (Agreement(), ["ﬁve", " FIVE ", "five!"], [("ﬁve", 2 / 3), ("five!", 1 / 3)]),
        (Agreement(by="label"), ["Spam", "**spam**.", "ham", "..."], [("Spam", 2 / 3), ("ham", 1 / 3)]),
        (Agreement(by="json", fields=["a"]), ['{"a": 1, "b": 2}', '{"a": 1.0}', "[1]", "{"], [('{"a": 1, "b": 2}', 1)]),
        (Agreement(by="json"), ['{"a": 1, "b": "X"}', '{"b": "x ", "a": 1}'], [('{"a": 1, "b": "X"}', 1)]),
        (Agreement(by="json", fields=["a"]), ["{}", '{"a": null}'], [("{}", 1)]),
        (Agreement(by="number"), ["1 + 1 = 2", "2.0", "3"], [("1 + 1 = 2", 2 / 3), ("3", 1 / 3)]),
        (Agreement(by="number", tolerance=0.1), ["0.1", "0.2", "9"], [("0.1", 2 / 3), ("9", 1 / 3)]),
        (Agreement(by="number", tolerance=0.1), ["0.1", "0.2", "0.3", "0.31"], [("0.3", 1 / 2), ("0.1", 1 / 2)]),
        (Agreement(by="number"), ["$1,234.50", "1234.5", "none"], [("$1,234.50", 1)]),
    ],
)
def test_what_counts_as_the_same(config: Agreement, texts: list[str], expected: list[tuple[str, float]]) -> None:
    assert vote_groups(config, *texts) == expected


def test_a_vote_that_cannot_be_read_counts_against_the_winner() -> None:
    config = Agreement(by="number", min_share=0.6)
    assert [reason(verdict) for verdict in verdicts_of(config, ballots("4", "dunno"))] == ["disagreement", "no_vote"]
    assert [reason(verdict) for verdict in verdicts_of(config, ballots("dunno"))] == ["no_vote"]


def test_a_narrow_margin_is_dropped_from_training_only() -> None:
    config = Agreement(min_share=0, min_margin=0.5)
    texts = ["a", "a", "b", "c"]  # half against a quarter
    assert verdicts_of(config, ballots(*texts)) == [Drop("low_margin", 0.25)] * 4
    [winner] = kept(ballots(*texts, split="heldout"), config)
    assert winner.margin == pytest.approx(0.5)


@pytest.mark.parametrize("setting", [{"fields": ["a"]}, {"tolerance": 1, "by": "json"}])
def test_a_setting_that_does_nothing_is_an_error(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="needs by: "):
        Agreement(**setting)


@pytest.mark.parametrize("text", ["[" * 1_000_000, "[" * 900 + "]" * 900, "\ud800", "9" * 1_000_000])
def test_what_no_json_reader_takes_is_no_vote(text: str) -> None:
    assert [reason(verdict) for verdict in verdicts_of(Agreement(by="json"), ballots(text))] == ["no_vote"]


def test_thousands_of_the_same_votes_for_one_prompt_are_quick() -> None:
    samples = ballots(*["so 7"] * 20_000)
    assert len(kept(samples, Agreement(by="number", tolerance=1))) == 1


@given(samples=votes(), config=st.sampled_from(CONFIGS))
def test_the_vote_is_idempotent(samples: list[Sample], config: Agreement) -> None:
    once = kept(samples, config)
    assert kept(once, config) == once


@given(data=st.data(), samples=votes(), config=st.sampled_from(CONFIGS))
def test_the_rows_order_decides_nothing(data: st.DataObject, samples: list[Sample], config: Agreement) -> None:
    other = data.draw(st.permutations(samples))
    verdicts = dict(zip([item.sample_id for item in samples], verdicts_of(config, samples), strict=True))
    shuffled = dict(zip([item.sample_id for item in other], verdicts_of(config, other), strict=True))
    assert {key: reason(verdict) for key, verdict in verdicts.items()} == {
        key: reason(verdict) for key, verdict in shuffled.items()
    }
    assert {key: verdict for key, verdict in verdicts.items() if isinstance(verdict, Keep)} == {
        key: verdict for key, verdict in shuffled.items() if isinstance(verdict, Keep)
    }


@given(samples=votes(), config=st.sampled_from(CONFIGS), field=st.sampled_from(["min_share", "min_margin"]))
def test_a_higher_threshold_keeps_no_more(samples: list[Sample], config: Agreement, field: str) -> None:
    before = {item.sample_id for item in samples}
    for threshold in (0, 0.2, 0.4, 0.5, 0.7, 1):
        now = {item.sample_id for item in kept(samples, config.model_copy(update={field: threshold}))}
        assert now <= before
        before = now


@given(samples=votes(), config=st.sampled_from(CONFIGS))
def test_soft_labels_are_shares_and_begin_with_what_is_learned(samples: list[Sample], config: Agreement) -> None:
    for item in kept(samples, config):
        assert sum(share for _, share in item.soft_labels) == pytest.approx(1)
        assert item.soft_labels[0][0] == item.completion
        shares = [share for _, share in item.soft_labels]
        assert shares == sorted(shares, reverse=True)


@given(samples=votes(), config=st.sampled_from(CONFIGS))
def test_a_held_out_prompt_with_a_vote_keeps_one_reply(samples: list[Sample], config: Agreement) -> None:
    heldout = [replace(item, split="heldout") for item in samples]
    verdicts = list(zip(heldout, verdicts_of(config, heldout), strict=True))
    readable = {item.prompt_id for item, verdict in verdicts if reason(verdict) != "no_vote"}
    assert sorted(item.prompt_id for item, verdict in verdicts if isinstance(verdict, Keep)) == sorted(readable)


def test_agreement_keeps_the_first_of_the_winners_with_its_share() -> None:
    votes = [sample(completion=text, sample_id=str(i)) for i, text in enumerate(["ham", "Spam", "spam"])]
    verdicts = verdicts_of(Agreement(min_share=0.6), votes)
    assert [reason(verdict) for verdict in verdicts] == ["not_chosen", "kept", "not_chosen"]
    assert isinstance(verdicts[1], Keep)
    assert verdicts[1].sample.margin == pytest.approx(2 / 3)


def test_agreement_drops_a_split_vote_from_training_only() -> None:
    votes = [sample(completion=text, sample_id=text) for text in ("ham", "spam")]
    assert [reason(verdict) for verdict in verdicts_of(Agreement(min_share=0.6), votes)] == ["disagreement"] * 2
    heldout = [replace(vote, split="heldout") for vote in votes]
    assert [reason(verdict) for verdict in verdicts_of(Agreement(min_share=0.6), heldout)] == ["kept", "not_chosen"]
