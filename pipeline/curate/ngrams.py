"""An index of texts by their word n-grams, and what share of each a document repeats.

Documents are hashed many at a time, bytes to words to n-grams, in arrays: no Python per word. Texts come as `folded`
leaves them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

N = 4
"""Words in an n-gram. One changed word in ten breaks at most 4 of the 7 n-grams of ten words, and about 4 in 10 of a
longer text's; of the usual 8-grams or 13-grams it can break nearly all."""
WHOLE_BELOW = 7
"""A text with fewer n-grams than ten words have must be repeated whole: a tenth of it is not one word."""
COMMON_ROWS, COMMON_SHARE = 3, 0.05
"""An n-gram in at least so many rows of its source, and in at least this share of them, tells no row from another."""
EDGE = b" \x02" * (N - 1) + b" "
"""Where a text begins or ends: words that no text has."""
VOID = b" \x03 "
"""What no n-gram may cross."""

Hashes = NDArray[np.uint64]
Places = NDArray[np.intp]

_random = np.random.default_rng(0)
_BYTE = _random.integers(0, 1 << 64, 256, np.uint64)
_PLACE = _random.integers(0, 1 << 63, N, np.uint64) * np.uint64(2) + np.uint64(1)
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)


@dataclass(slots=True, frozen=True)
class Text:
    """A text to look for. `bounded`: where it is short, it must be a whole text there too, not a part of one."""

    source: int
    row: int
    words: bytes
    bounded: bool


class Index:
    """Finds which of the texts a document repeats, and how much of them.

    `overlap` is the share of a text's n-grams that makes a repetition. N-grams in many rows of one source, and those of
    `ignore`, are nobody's own and do not count.
    """

    def __init__(self, texts: Sequence[Text], *, overlap: float, ignore: Iterable[int] = ()) -> None:
        found = [(distinct(text.words), distinct(EDGE + text.words + EDGE)) for text in texts]
        common = np.union1d(_common(texts, found), np.array([*ignore], np.uint64))
        own = [_own(text, *grams, common) for text, grams in zip(texts, found, strict=True)]
        self._sizes = np.array([len(grams) for grams in own], np.int64)
        self._needed = np.array([_needed(len(grams), overlap) for grams in own], np.int64)
        self._fill(own)

    def _fill(self, own: Sequence[Hashes]) -> None:
        """Postings: the texts of each n-gram, in one array, and where each n-gram's begin."""
        grams = np.concatenate([*own, np.zeros(0, np.uint64)])
        order = np.argsort(grams, kind="stable")
        self._texts = np.repeat(np.arange(len(own)), self._sizes)[order]
        self._keys, starts = np.unique(grams[order], return_index=True)
        self._starts = np.append(starts, len(grams))
        bits = max(16, (16 * len(self._keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._maybe = np.zeros(1 << bits, np.bool_)
        self._maybe[self._keys >> self._shift] = True

    def shares(self, documents: Sequence[bytes]) -> NDArray[np.float64]:
        """The largest share of a text that each repeats; 0 where it repeats less of every text than is needed.

        A document ends in VOID.
        """
        grams, starts = hashes(b"".join(documents))
        at = np.flatnonzero(self._maybe[grams >> self._shift])  # one in sixteen by chance
        key = np.searchsorted(self._keys, grams[at])
        hit = np.append(self._keys, np.uint64(0))[key] == grams[at]
        ends = np.cumsum([len(document) for document in documents])
        return self._largest(np.searchsorted(ends, starts[at[hit]], side="right"), key[hit], len(documents))

    def _largest(self, document: Places, key: Places, count: int) -> NDArray[np.float64]:
        best = np.zeros(count)
        if not len(document):
            return best
        document, key = np.divmod(np.unique(document * len(self._keys) + key), len(self._keys))
        posted = self._starts[key + 1] - self._starts[key]
        offsets = np.arange(posted.sum()) - np.repeat(np.cumsum(posted) - posted, posted)
        text = self._texts[np.repeat(self._starts[key], posted) + offsets]
        pairs, repeated = np.unique(np.repeat(document, posted) * len(self._sizes) + text, return_counts=True)
        document, text = np.divmod(pairs, len(self._sizes))
        enough = repeated >= self._needed[text]
        np.maximum.at(best, document[enough], (repeated / self._sizes[text])[enough])
        return best


def distinct(words: bytes) -> Hashes:
    """The different n-grams of a text."""
    return np.unique(hashes(words)[0])


def hashes(words: bytes) -> tuple[Hashes, Places]:
    """Every n-gram that crosses no VOID: its 64-bit hash and the byte at which it begins."""
    data = np.frombuffer(words, np.uint8)
    edges = np.flatnonzero(np.diff(data != 32, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    count = len(starts) - N + 1
    if count < 1:
        return np.zeros(0, np.uint64), np.zeros(0, np.intp)
    one = _hash_words(data, starts, ends)
    void = data[starts] == VOID[1]
    grams, crosses = np.zeros(count, np.uint64), np.zeros(count, np.bool_)
    for place in range(N):
        grams += one[place : place + count] * _PLACE[place]
        crosses |= void[place : place + count]
    grams ^= grams >> np.uint64(32)
    grams *= np.uint64(_BASE)  # the index looks at the upper bits
    return grams[~crosses], starts[:count][~crosses]


def _hash_words(data: NDArray[np.uint8], starts: Places, ends: Places) -> Hashes:
    """Polynomial hashes of all words at once: differences of one running sum, moved to power 0 and mixed."""
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(_BYTE[data] * _powers(_BASE, len(data)), out=sums[1:])
    found = (sums[ends] - sums[starts]) * _powers(_INVERSE, len(data))[starts]
    found ^= found >> np.uint64(29)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(32)
    return found


def _powers(base: int, count: int) -> Hashes:
    """base^0, base^1, ... modulo 2^64."""
    return _table(base, max(count, 1).bit_length())[:count]


@lru_cache(4)  # a batch's two tables, and those of one larger document
def _table(base: int, bits: int) -> Hashes:
    found = np.full(1 << bits, base, np.uint64)
    found[0] = 1
    return np.cumprod(found, out=found)


def _common(texts: Sequence[Text], found: Sequence[tuple[Hashes, Hashes]]) -> Hashes:
    """The n-grams of many rows of a source: a template's, an instruction's."""
    sources: dict[int, dict[int, list[Hashes]]] = {}
    for text, (_, bounded) in zip(texts, found, strict=True):
        sources.setdefault(text.source, {}).setdefault(text.row, []).append(bounded)
    common = [np.zeros(0, np.uint64)]
    for rows in sources.values():
        each = [np.unique(np.concatenate(grams)) for grams in rows.values()]
        grams, counts = np.unique(np.concatenate(each), return_counts=True)
        common.append(grams[counts >= max(COMMON_ROWS, COMMON_SHARE * len(rows))])
    return np.concatenate(common)


def _own(text: Text, inner: Hashes, bounded: Hashes, common: Hashes) -> Hashes:
    """What must be repeated of a text: its n-grams that are not common, with its edges where it is short."""
    own = inner[~np.isin(inner, common)]
    if len(own) >= WHOLE_BELOW or not (text.bounded or len(inner) < 2):
        return own
    return bounded[~np.isin(bounded, common)]


def _needed(size: int, overlap: float) -> int:
    return max(1, size if size < WHOLE_BELOW else math.ceil(overlap * size))
