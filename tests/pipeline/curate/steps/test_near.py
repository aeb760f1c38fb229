"""Near-duplicates: clusters beside all pairs compared one by one, and the verdicts of the step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.clusters import near_clusters
from pipeline.curate.dedupe import On
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.near import Near
from pipeline.recipe.verdict import Drop, Keep, Sample
from tests.pipeline.curate.make import SENTENCE, TEXTS, reason, sample, verdicts_of


def kept(samples: list[Sample], config: Near) -> list[str]:
    return [verdict.sample.sample_id for verdict in verdicts_of(config, samples) if isinstance(verdict, Keep)]


@given(st.permutations(range(9)))
def test_order_changes_no_verdict(order: list[int]) -> None:
    words = SENTENCE.split()
    texts = [" ".join(words[start : start + 9] + words[:start]) for start in range(9)]
    samples = [sample(text, prompt_id=str(number), sample_id=str(number)) for number, text in enumerate(texts)]
    expected = kept(samples, Near(threshold=0.5))
    assert 1 < len(expected) < 9
    assert sorted(kept([samples[number] for number in order], Near(threshold=0.5))) == expected


@given(TEXTS, st.floats(0.1, 1), st.floats(0.1, 1))
def test_a_lower_threshold_keeps_no_more_and_twice_is_once(texts: list[str], one: float, other: float) -> None:
    samples = [sample(text, prompt_id=str(number), sample_id=str(number)) for number, text in enumerate(texts)]
    low, high = (kept(samples, Near(threshold=threshold, ngram=2)) for threshold in sorted((one, other)))
    assert set(low) <= set(high)
    again = [item for item in samples if item.sample_id in high]
    assert kept(again, Near(threshold=max(one, other), ngram=2)) == high


def test_the_held_out_one_stays_then_the_best_then_the_surest_then_the_smallest_id() -> None:
    def stays(*samples: Sample) -> str:
        [only] = kept(list(samples), Near())
        return only

    first = sample(SENTENCE, prompt_id="1", sample_id="1")
    sure = sample(SENTENCE + ".", prompt_id="2", sample_id="2", margin=0.9)
    good = sample(SENTENCE + "!", prompt_id="3", sample_id="3", score=0.5)
    heldout = sample(SENTENCE + "?", prompt_id="4", sample_id="4", split="heldout")
    assert stays(heldout, good, sure, first) == "4"
    assert stays(first, sure, good) == "3"
    assert stays(first, sure) == "2"
    assert stays(sample(SENTENCE + ",", prompt_id="5", sample_id="5"), first) == "1"


def test_a_drop_says_how_near_the_kept_one_is() -> None:
    samples = [
        sample("a b c d e f g h i j", prompt_id="1", sample_id="1"),
        sample("a b c d e f g h i x", prompt_id="2", sample_id="2"),
    ]
    assert verdicts_of(Near(threshold=0.7), samples)[1] == Drop("near_duplicate", 7 / 9)
    assert [reason(verdict) for verdict in verdicts_of(Near(threshold=0.8), samples)] == ["kept", "kept"]


@pytest.mark.parametrize(
    ("on", "exactly", "nearly"),
    [("prompt", ["1", "2"], ["1", "2"]), ("reply", ["1", "2"], ["1", "2"]), ("both", ["1", "2"], ["1"])],
)
def test_prompts_replies_or_both_are_compared(on: On, exactly: list[str], nearly: list[str]) -> None:
    samples = [
        sample(SENTENCE, "yes", prompt_id="p", sample_id="1"),
        sample(SENTENCE, "no", prompt_id="p", sample_id="2"),
        sample(SENTENCE.upper(), "Yes", prompt_id="q", sample_id="3"),
        sample(SENTENCE.upper(), "no", prompt_id="r", sample_id="4"),
    ]
    found = [verdict.sample.sample_id for verdict in verdicts_of(Exact(on=on), samples) if isinstance(verdict, Keep)]
    assert found == exactly
    assert kept(samples, Near(on=on)) == nearly


def test_odd_texts_are_compared_like_any_other() -> None:
    million = "word " * 200_000
    odd = [
        "",
        "x",
        "\ud800",
        "🙂🙂🙃🎉🎉🙂🎉🙂",
        "مرحبا بالعالم هذا نص من اليمين",
        "y" * 1_000_000,
        million,
        "\x00\x01",
    ]
    twice = [*odd, *(text + " " for text in odd)]
    expected = [0, 1, 2, 3, 4, 5, 6, 0]
    assert near_clusters(twice, 0.8, 3).tolist() == expected * 2
    assert near_clusters([], 0.8, 3).tolist() == []
    assert verdicts_of(Near(), []) == []


def test_a_hundred_thousand_times_the_same_text_is_one() -> None:
    assert not near_clusters([SENTENCE] * 100_000, 0.8, 3).any()
    same = [sample(SENTENCE, prompt_id=str(number), sample_id=str(number)) for number in range(10_000)]
    assert verdicts_of(Near(), same) == [Keep(same[0]), *[Drop("near_duplicate", 1.0)] * 9_999]
