"""The index of n-grams, beside a plain search by sets."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.ngrams import EDGE, VOID, Index, N, Text, distinct, hashes

WORDS = st.lists(st.sampled_from([b"a", b"bb", b"c", b"\xc3\xa9"]), max_size=30)


def grams(words: list[bytes]) -> list[tuple[bytes, ...]]:
    return [tuple(words[at : at + N]) for at in range(len(words) - N + 1)]


@given(one=WORDS, other=WORDS)
def test_ngrams_hash_alike_where_they_are_the_same(one: list[bytes], other: list[bytes]) -> None:
    ours, starts = hashes(b" ".join(one))
    theirs, _ = hashes(b"  " + b"   ".join(other))
    assert len(ours) == len(grams(one))
    assert set(ours.tolist()).isdisjoint(theirs.tolist()) == set(grams(one)).isdisjoint(grams(other))
    assert starts.tolist() == [len(b" ".join([*one[:at], b""])) for at in range(len(ours))]
    assert len(distinct(b" ".join(one))) == len(set(grams(one)))


def test_no_ngram_crosses_a_void() -> None:
    left, right = b"a b c d e", b"f g h i"
    joined, _ = hashes(left + VOID + right)
    assert joined.tolist() == [*hashes(left)[0].tolist(), *hashes(right)[0].tolist()]


def test_shares_are_those_of_a_plain_count() -> None:
    chance = random.Random(0)
    texts = [[f"w{chance.randrange(200)}".encode() for _ in range(40)] for _ in range(20)]
    documents = [[*text[: chance.randrange(41)], b"other", *texts[0][:9]] for text in texts]
    index = Index([Text(1, row, b" ".join(text), False) for row, text in enumerate(texts)], overlap=0.4)
    document, text, share = index.repeats([EDGE + b" ".join(words) + EDGE + VOID for words in documents])
    found = dict(zip(zip(document.tolist(), text.tolist(), strict=True), share.tolist(), strict=True))
    expected = {}
    for at, words in enumerate(documents):
        for which, own in enumerate(texts):
            repeated = len(set(grams(own)) & set(grams(words))) / len(set(grams(own)))
            if repeated >= 0.4:
                expected[at, which] = repeated
    assert found == expected
    assert found


def test_ngrams_of_many_rows_are_nobodys_own() -> None:
    template = b"is this mail spam or ham"
    texts = [Text(1, row, template + b" row%d x%d y%d z%d" % (row, row, row, row), True) for row in range(40)]
    index = Index(texts, overlap=0.4)
    assert not len(index.repeats([EDGE + template + b" something else" + EDGE + VOID])[0])
    [text] = index.repeats([EDGE + texts[7].words + EDGE + VOID])[1].tolist()
    assert text == 7
    assert index.is_short(index.repeats([EDGE + texts[7].words + EDGE + VOID])[1]).all()
