"""Texts as sets of word shingles, a hash each: numpy over the bytes of many texts at once, no Python per word."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Counts = NDArray[np.int64]

HASH_BITS = 48
"""Two texts of 1,000 shingles share one by chance once in 3 x 10^8 pairs; the bits above are free for sorting."""
BATCH_TEXTS = 2048
BATCH_CHARS = 1 << 19  # the arrays of a batch stay in the cache
BASE = 0x9E3779B97F4A7C15
"""Words are polynomials in it, modulo 2^64; odd, so that it has an inverse."""
MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # splitmix64, Steele et al. 2014
FOLD = bytes(33) + bytes(range(33, 256)).replace(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
"""White space and control characters, which separate words, become 0, and capitals small letters."""
SPACES = "\x85\u1680\u2028\u2029"
"""White space that NFKC leaves as it is."""
POWERS = 1 << 20
"""How many powers of BASE are held: a batch has seldom more bytes."""


@dataclass(slots=True, frozen=True)
class Shingles:
    """The shingles of consecutive texts, in their order, repeats included."""

    first: int
    """The index of the first text."""
    hashes: Hashes
    """Of HASH_BITS bits."""
    counts: Counts
    """How many each text has: one at least, a text shorter than a shingle being one itself."""


def shingle_batches(texts: Sequence[str], ngram: int, start: int = 0) -> Iterator[Shingles]:
    """Yields the shingles of all texts from `start`: some BATCH_CHARS of text at a time, BATCH_TEXTS texts at most."""
    first, size = start, 0
    for index in range(start, len(texts)):
        chars = len(texts[index])
        if index > first and (index - first == BATCH_TEXTS or size + chars > BATCH_CHARS):
            yield Shingles(first, *shingle(texts[first:index], ngram))
            first, size = index, 0
        size += chars
    if first < len(texts):
        yield Shingles(first, *shingle(texts[first:], ngram))


def shingle(texts: Sequence[str], ngram: int) -> tuple[Hashes, Counts]:
    """Hashes every run of `ngram` words of each text, and how many each text has."""
    words, counts = hash_words(texts)
    ends = np.cumsum(counts)
    # A text shorter than a shingle is filled up with words that no text has, so that it is one shingle.
    if (short := np.flatnonzero(counts < ngram)).size:
        words = np.insert(words, np.repeat(ends[short], ngram - counts[short]), np.uint64(0))
        counts = np.maximum(counts, ngram)
        ends = np.cumsum(counts)
    starts = len(words) - ngram + 1
    hashes = words[:starts].copy()
    for offset in range(1, ngram):
        hashes *= MIX[0]
        hashes += words[offset : starts + offset]
    # The texts stand in one array: what would reach from one into the next is no shingle.
    inside = np.ones(len(words), bool)
    for offset in range(1, ngram):
        inside[ends - offset] = False
    return mix(hashes[inside[:starts]]) >> np.uint64(64 - HASH_BITS), counts - ngram + 1


def hash_words(texts: Sequence[str]) -> tuple[Hashes, Counts]:
    """Hashes every word, and counts how many each text has."""
    encoded = [_plain(text).encode("utf-8", "surrogatepass") for text in texts]
    data = np.frombuffer(b"".join((b"\n", b"\n".join(encoded))).translate(FOLD), np.uint8)
    starts = _word_starts(data)
    edges = np.cumsum([0, *(len(text) + 1 for text in encoded)])
    counts = np.diff(np.searchsorted(starts, edges))
    if not starts.size:
        return np.empty(0, np.uint64), counts
    # A word's sum is of terms at its place in the batch; times the inverse at its start, it is the word's own.
    powers, inverses = _powers(max(POWERS, 1 << len(data).bit_length()))
    terms = data.astype(np.uint64)
    terms *= powers[: len(data)]
    return mix(np.add.reduceat(terms, starts) * inverses[starts]), counts


def _word_starts(data: NDArray[np.uint8]) -> Counts:
    """Finds where words begin in folded UTF-8. Scripts without spaces and emoji have a word a character."""
    letters = data > 0
    begins = letters[1:] > letters[:-1]
    for width, alone in ((3, _unspaced(data)), (4, data >= 0xF0)):
        if alone.any():
            begins |= alone[1:]
            begins[width - 1 :] |= alone[:-width] & letters[width:]
    return np.flatnonzero(begins) + 1


def _unspaced(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Finds the first bytes of Kana and Han (U+3000 to U+9FFF), Thai and Lao (U+0E00 to U+0EFF)."""
    alone = (data >= 0xE3) & (data <= 0xE9)
    southern = np.flatnonzero(data[:-1] == 0xE0)
    alone[southern[(data[southern + 1] >= 0xB8) & (data[southern + 1] <= 0xBB)]] = True
    return alone


def mix(hashes: Hashes) -> Hashes:
    """Spreads every bit over all: splitmix64's finaliser."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * MIX[0]
    hashes = (hashes ^ (hashes >> np.uint64(27))) * MIX[1]
    return hashes ^ (hashes >> np.uint64(31))


def _plain(text: str) -> str:
    """Does what `normalise` does, but for what FOLD does to the bytes."""
    if text.isascii():
        return text
    for space in SPACES:
        text = text.replace(space, " ")
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(2)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """Returns BASE and its inverse to the powers 0, 1, 2 ..., modulo 2^64."""
    inverse = pow(BASE, -1, 1 << 64)
    return _geometric(BASE, count), _geometric(inverse, count)


def _geometric(ratio: int, count: int) -> Hashes:
    factors = np.full(count, ratio, np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)
