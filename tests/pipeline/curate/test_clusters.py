"""Clusters of near-duplicates, beside all pairs compared one by one."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.clusters import WINDOW, jaccards, near_clusters
from prompts.text import normalise
from tests.pipeline.curate.make import SENTENCE, TEXTS
from tests.pipeline.helpers import ROOT

MAILS = ROOT / "data" / "spam_assassin.jsonl"


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


def test_scripts_without_spaces_are_compared_by_character() -> None:
    text = "蒸馏出来的小模型可以在本地运行而不需要联网也不会把数据交给别人"
    thai = "แบบจำลองขนาดเล็กที่กลั่นออกมาสามารถทำงานบนเครื่องของคุณเองได้"
    texts = [text, text[:-1] + "他", thai, thai[:-1] + "ก", "完全不同的一句话"]
    assert near_clusters(texts, 0.8, 3).tolist() == [0, 0, 2, 2, 4]


def test_a_list_longer_than_the_window_becomes_one_cluster() -> None:
    texts = [f"{SENTENCE} {SENTENCE} {number}" for number in range(2 * WINDOW + 500)]
    assert not near_clusters(texts, 0.8, 3).any()


def test_jaccards_are_exact() -> None:
    texts = ["a b c d", "a b c e", "z"]
    assert jaccards(texts, np.array([0, 0, 2]), np.array([1, 2, 2]), 2).tolist() == [0.5, 0.0, 1.0]
