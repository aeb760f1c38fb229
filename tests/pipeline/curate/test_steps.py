"""Each step's verdicts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.agreement import agreement
from pipeline.curate.calibrate import calibrate, log_odds, margin, shares, shift
from pipeline.curate.dedupe import exact
from pipeline.curate.filters import form, outcome
from pipeline.curate.label_logprobs import label_logprobs, logsumexp
from pipeline.curate.split import side
from pipeline.curate.step import Drop, Keep, Sample, Side, Verdict
from pipeline.curate.tokens import Tokens
from pipeline.recipe.curate import Agreement, Calibrate, Format, Split
from prompts.errors import InputError
from prompts.messages import Message

LABELS = ["spam", "ham"]


def sample(text: str = "mail", completion: str = "spam", split: Side = "train", **changes: Any) -> Sample:
    values: dict[str, Any] = {
        "sample_id": f"{text}/{completion}",
        "prompt_id": text,
        "teacher_messages": (Message("user", text),),
        "student_messages": (Message("user", text),),
        "reply": completion,
        "outcome": "ok",
        "tokens": Tokens.of(changes.pop("tokens", ())),
        "split": split,
        "teacher": "scripted:test",
        "completion": completion,
    }
    return Sample(**{**values, **changes})


def reason(verdict: Verdict) -> str:
    return verdict.reason if isinstance(verdict, Drop) else "kept"


def token(**logprobs: float) -> list[dict[str, Any]]:
    top = [{"bytes": f" {label}".encode(), "id": None, "logprob": value} for label, value in logprobs.items()]
    return [{**top[0], "top": top}]


def test_outcome_drops_what_is_no_whole_answer() -> None:
    verdicts = outcome()([sample(), sample(outcome="refused"), sample(outcome="truncated")])
    assert [reason(verdict) for verdict in verdicts] == ["kept", "refused", "truncated"]


@pytest.mark.parametrize(
    ("config", "completion", "expected"),
    [
        (Format(), "  ", "too_short"),
        (Format(max_chars=3), "four", "too_long"),
        (Format(choices=LABELS), " **Spam**.\n", "kept"),
        (Format(choices=LABELS), "not spam", "not_a_choice"),
        (Format(regex=r"\d+"), "12", "kept"),
        (Format(regex=r"\d+"), "12 apples", "no_match"),
        (Format(json_schema={"type": "object", "required": ["a"]}), '{"a": 1}', "kept"),
        (Format(json_schema={"type": "object", "required": ["a"]}), "{}", "schema"),
        (Format(json_schema={"type": "object"}), "{", "not_json"),
        (Format(json_schema={"type": "array"}), "[" * 100_000, "not_json"),
    ],
)
def test_format(config: Format, completion: str, expected: str) -> None:
    assert reason(form(config)([sample(completion=completion)])[0]) == expected


def test_format_writes_a_choice_as_the_recipe_does() -> None:
    [verdict] = form(Format(choices=LABELS))([sample(completion="HAM!")])
    assert isinstance(verdict, Keep)
    assert (verdict.sample.completion, verdict.sample.reply) == ("ham", "HAM!")


@pytest.mark.parametrize(
    "config", [Format(regex="("), Format(json_schema={"type": "nonsense"}), Format(choices=["C", "C++"])]
)
def test_bad_format_settings_name_their_field(config: Format) -> None:
    with pytest.raises(InputError, match=r"curate\.steps\.format"):
        form(config)


def test_exact_sees_through_case_space_and_unicode_forms() -> None:
    verdicts = exact([sample("ﬁnd  ME"), sample("find me"), sample("find you")])
    assert [reason(verdict) for verdict in verdicts] == ["exact_duplicate", "kept", "kept"]


def test_exact_keeps_all_samples_of_one_prompt() -> None:
    assert [reason(verdict) for verdict in exact([sample(sample_id="1"), sample(sample_id="2")])] == ["kept", "kept"]


def test_exact_keeps_the_held_out_side_of_a_text_on_both() -> None:
    verdicts = exact([sample("Same"), sample("same", split="heldout")])
    assert [reason(verdict) for verdict in verdicts] == ["exact_duplicate", "kept"]


@given(st.lists(st.sampled_from(["a", "A", "b ", " b", "c"]), max_size=12))
def test_exact_is_idempotent_and_keeps_one_of_each_text(texts: list[str]) -> None:
    samples = [sample(text, prompt_id=str(index)) for index, text in enumerate(texts)]
    kept = [verdict.sample for verdict in exact(samples) if isinstance(verdict, Keep)]
    assert len(kept) == len({text.strip().lower() for text in texts})
    assert all(isinstance(verdict, Keep) for verdict in exact(kept))


def test_agreement_keeps_the_first_of_the_winners_with_its_share() -> None:
    votes = [sample(completion=text, sample_id=str(i)) for i, text in enumerate(["ham", "Spam", "spam"])]
    verdicts = agreement(votes, Agreement(min_share=0.6))
    assert [reason(verdict) for verdict in verdicts] == ["not_chosen", "kept", "not_chosen"]
    assert isinstance(verdicts[1], Keep)
    assert verdicts[1].sample.margin == pytest.approx(2 / 3)


def test_agreement_drops_a_split_vote_from_training_only() -> None:
    votes = [sample(completion=text, sample_id=text) for text in ("ham", "spam")]
    assert [reason(verdict) for verdict in agreement(votes, Agreement(min_share=0.6))] == ["disagreement"] * 2
    heldout = [replace(vote, split="heldout") for vote in votes]
    assert [reason(verdict) for verdict in agreement(heldout, Agreement(min_share=0.6))] == ["kept", "not_chosen"]


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


@given(st.lists(st.floats(-8, 8), min_size=4, max_size=60, unique=True))
def test_calibration_cuts_two_labels_at_the_median(odds: list[float]) -> None:
    samples = [sample(str(i), tokens=_odds(value)) for i, value in enumerate(odds)]
    verdicts = calibrate(samples, Calibrate(labels=LABELS))
    median = float(np.median(odds))
    for value, verdict in zip(odds, verdicts, strict=True):
        assert isinstance(verdict, Keep)
        if abs(value - median) > 1e-6:
            assert verdict.sample.completion == ("spam" if value > median else "ham")
            assert verdict.sample.margin == pytest.approx(2 * abs(value - median), rel=1e-5, abs=1e-5)


def test_calibration_is_measured_on_train_rows_alone() -> None:
    train = [sample(f"t{i}", tokens=_odds(float(i))) for i in range(9)]
    heldout = [sample(f"h{i}", split="heldout", tokens=_odds(100.0 + i)) for i in range(50)]
    labels = [
        verdict.sample.completion
        for verdict in calibrate([*train, *heldout], Calibrate(labels=LABELS))
        if isinstance(verdict, Keep)
    ]
    assert labels[:4] == ["ham"] * 4
    assert labels[5:9] == ["spam"] * 4
    assert labels[9:] == ["spam"] * 50


def test_keep_drops_the_least_sure_train_rows() -> None:
    samples = [sample(f"t{i}", tokens=_odds(float(i))) for i in range(11)]
    verdicts = calibrate(samples, Calibrate(labels=LABELS, keep=0.5))
    dropped = [index for index, verdict in enumerate(verdicts) if isinstance(verdict, Drop)]
    assert 5 in dropped
    assert not {0, 1, 9, 10} & set(dropped)
    assert {reason(verdicts[index]) for index in dropped} == {"low_margin"}


def test_a_sample_without_label_logprobs_is_dropped_with_that_reason() -> None:
    verdicts = calibrate([sample(), sample(tokens=_odds(1.0))], Calibrate(labels=LABELS))
    assert [reason(verdict) for verdict in verdicts] == ["no_label_logprobs", "kept"]


@given(
    st.lists(st.lists(st.floats(-9, 0), min_size=3, max_size=3), min_size=30, max_size=60),
    st.floats(0.1, 0.8),
)
def test_the_shift_gives_each_label_its_share_of_positive_odds(rows: list[list[float]], share: float) -> None:
    odds_NL = log_odds(np.array(rows))
    centred = odds_NL - shift(odds_NL, np.array([share, (1 - share) / 2, (1 - share) / 2]))
    positive = (centred[:, 0] > 1e-9).mean()
    assert positive <= share + 1 / len(rows)
    assert (margin(centred) >= 0).all()


@given(st.floats(-9, -0.01))
def test_log_odds_of_two_labels_are_a_difference(logprob: float) -> None:
    other = math.log1p(-math.exp(logprob))
    assert log_odds(np.array([[logprob, other]]))[0].tolist() == pytest.approx([logprob - other, other - logprob])


@given(st.lists(st.floats(-2000, 2000), min_size=2, max_size=4))
def test_any_odds_give_shares_of_a_whole_the_likeliest_first(odds: list[float]) -> None:
    found = shares(np.array(odds), [str(place) for place in range(len(odds))])
    assert sum(share for _, share in found) == pytest.approx(1)
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
    assert found[0][0] == str(int(np.argmax(odds)))


@given(st.text(), st.integers(0, 5))
def test_split_is_the_groups_own(group: str, seed: int) -> None:
    assert side(group, Split(heldout=0.3, seed=seed)) == side(group, Split(heldout=0.3, seed=seed))
    assert side(group, Split(heldout=0.0, seed=seed)) == "train"


def test_the_held_out_share_is_about_what_was_asked() -> None:
    held = sum(side(str(number), Split(heldout=0.2)) == "heldout" for number in range(5000))
    assert 900 < held < 1100


def _odds(value: float) -> list[dict[str, Any]]:
    """Logprobs of spam and ham whose difference is `value`, as probabilities of a whole."""
    return token(spam=-math.log1p(math.exp(-value)), ham=-math.log1p(math.exp(value)))
