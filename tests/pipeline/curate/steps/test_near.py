"""Near-duplicates: clusters beside all pairs compared one by one, and the verdicts of the step."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.clusters import WINDOW, jaccards, near_clusters
from pipeline.curate.dedupe import On
from pipeline.curate.shingles import shingle
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.near import Near
from pipeline.recipe.verdict import Drop, Keep, Sample
from prompts.text import normalise
from tests.pipeline.curate.make import reason, sample, verdicts_of

MAILS = Path(__file__).parents[4] / "data" / "spam_assassin.jsonl"
TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "dd", "é"]), max_size=9).map(" ".join), max_size=12)
SENTENCE = "the quick brown fox jumps over the lazy dog while nobody at all is looking at it today"


def shingles_of(text: str, ngram: int) -> set[tuple[str, ...]]:
    words = normalise(text).split()
    return {tuple(words[start : start + ngram]) for start in range(max(1, len(words) - ngram + 1))}


def all_pairs(texts: list[str], threshold: float, ngram: int) -> list[int]:
    """What near_clusters says, by comparing every pair."""
    sets = [shingles_of(text, ngram) for text in texts]
    labels = list(range(len(texts)))
    for one, other in combinations(range(len(texts)), 2):
        if len(sets[one] & sets[other]) >= threshold * len(sets[one] | sets[other]) - 1e-9:
            low, high = sorted((labels[one], labels[other]))
            labels = [low if label == high else label for label in labels]
    return labels


def edited(text: str, random: random.Random, share: float) -> str:
    words = text.split()
    return " ".join(f"word{random.randrange(999)}" if random.random() < share else word for word in words)


def kept(samples: list[Sample], config: Near) -> list[str]:
    return [verdict.sample.sample_id for verdict in verdicts_of(config, samples) if isinstance(verdict, Keep)]


@given(TEXTS, st.sampled_from([0.3, 0.5, 0.75, 0.8, 1.0]), st.integers(1, 4))
def test_clusters_are_those_of_all_pairs(texts: list[str], threshold: float, ngram: int) -> None:
    assert near_clusters(texts, threshold, ngram).tolist() == all_pairs(texts, threshold, ngram)


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_edited_mails_are_found_as_all_pairs_finds_them(threshold: float) -> None:
    chance = random.Random(0)
    mails = [orjson.loads(line)["body"] for line in MAILS.read_bytes().splitlines()[:60]]
    texts = mails + [edited(mail, chance, share) for mail in mails for share in (0.01, 0.04, 0.08)]
    found = near_clusters(texts, threshold, 3).tolist()
    assert found == all_pairs(texts, threshold, 3)
    assert len(mails) / 2 < len(set(found)) < len(texts)


def test_what_is_not_held_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(0)
    mails = [orjson.loads(line)["body"] for line in MAILS.read_bytes().splitlines()]
    texts = mails + [edited(mail, chance, 0.04) for mail in mails * 3]
    expected = near_clusters(texts, 0.8, 3).tolist()
    for held in (0, 70_000):
        monkeypatch.setattr("pipeline.curate.clusters.HELD_SHINGLES", held)
        assert near_clusters(texts, 0.8, 3).tolist() == expected


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ｆull ﬁeld   WIDTH", "full field width"),
        ("\u00a0a\u3000b\tc", "a b c"),
        ("Straße", "STRASSE"),
    ],
)
def test_texts_that_read_the_same_have_the_same_shingles(one: str, other: str) -> None:
    hashes, _ = shingle([one, other], 3)
    half = len(hashes) // 2
    assert hashes[:half].tolist() == hashes[half:].tolist()


def test_scripts_without_spaces_are_compared_by_character() -> None:
    text = "蒸馏出来的小模型可以在本地运行而不需要联网也不会把数据交给别人"
    thai = "แบบจำลองขนาดเล็กที่กลั่นออกมาสามารถทำงานบนเครื่องของคุณเองได้"
    texts = [text, text[:-1] + "他", thai, thai[:-1] + "ก", "完全不同的一句话"]
    assert near_clusters(texts, 0.8, 3).tolist() == [0, 0, 2, 2, 4]


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


def test_a_list_longer_than_the_window_becomes_one_cluster() -> None:
    texts = [f"{SENTENCE} {SENTENCE} {number}" for number in range(2 * WINDOW + 500)]
    assert not near_clusters(texts, 0.8, 3).any()


def test_jaccards_are_exact() -> None:
    texts = ["a b c d", "a b c e", "z"]
    assert jaccards(texts, np.array([0, 0, 2]), np.array([1, 2, 2]), 2).tolist() == [0.5, 0.0, 1.0]
