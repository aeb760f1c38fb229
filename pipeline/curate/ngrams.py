"""An index of texts by their word n-grams, and what share of each a document repeats.

Documents are hashed many at a time, bytes to words to n-grams, in arrays: no Python per word. Texts come as `folded`
leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

N = 4
"""Words in an n-gram. One changed word in ten breaks at most 4 of the 7 n-grams of ten words, and about 4 in 10 of a
longer text's; of the usual 8-grams or 13-grams it can break nearly all."""
WHOLE_BELOW = 7
"""A text with fewer n-grams of its own than ten words have must be repeated whole: a tenth of it is not one word."""
SHORT_BELOW = 20
"""A text with fewer n-grams of its own, some 23 words: two fifths of so few may be a common phrase."""
EXACT = 1e-9  # shares are decimals: 0.07 x 100 is no more than 7
COMMON_ROWS, COMMON_SHARE = 3, 0.05
"""An n-gram in at least so many rows of its source, and in at least this share of them, tells no row from another."""
EDGE = b" \x02" * (N - 1) + b" "
"""Where a text begins or ends: words that no text has."""
VOID = b" \x03 "
"""What no n-gram may cross."""

BATCH_BYTES = 1 << 18  # arrays of 2 MB: larger ones leave the cache

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
    """Finds which of the texts a document repeats, and how much of them. The texts of a row stand together.

    `overlap` is the share of a text's n-grams that makes a repetition. N-grams in many rows of one source, and those of
    `ignore`, are nobody's own and do not count.
    """

    def __init__(self, texts: Sequence[Text], *, overlap: float, ignore: Iterable[int] = ()) -> None:
        self._texts = texts
        postings = _postings(texts)
        common = _common(texts, postings)
        common |= np.isin(postings.grams[postings.starts], np.array([*ignore], np.uint64))
        self._common = postings.grams[postings.starts][common]
        own = ~np.repeat(common, postings.lengths)
        edged = _edged(texts, postings, own)
        own &= postings.inner | edged[postings.owners]
        self._sizes = np.bincount(postings.owners[own], minlength=len(texts))
        self._whole = edged | (self._sizes < WHOLE_BELOW)
        part = np.ceil(overlap * self._sizes - EXACT).astype(np.int64)
        self._needed = np.where(self._whole, self._sizes, part).clip(min=1)
        self._fill(postings.grams[own], postings.owners[own])

    def _fill(self, grams: Hashes, owners: Places) -> None:
        """Stores the n-grams, where each one's texts begin, and a table of which there may be."""
        starts = _starts(grams)
        self._owners, self._keys = owners, grams[starts]
        self._starts = np.append(starts, len(grams))
        bits = max(16, (16 * len(self._keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._maybe = np.zeros(1 << bits, np.bool_)
        self._maybe[self._keys >> self._shift] = True

    def repeats(self, documents: Sequence[bytes]) -> tuple[Places, Places, NDArray[np.float64]]:
        """Finds the documents that repeat as much of a text as is needed, the texts, and the shares repeated.

        A document ends in VOID.
        """
        grams, starts = hashes(b"".join(documents))
        at = np.flatnonzero(self._maybe[grams >> self._shift])  # one in sixteen by chance
        key = np.searchsorted(self._keys, grams[at])
        hit = self._keys.take(key, mode="clip") == grams[at] if len(self._keys) else np.zeros(len(at), np.bool_)
        ends = np.cumsum([len(document) for document in documents])
        return self._enough(np.searchsorted(ends, starts[at[hit]], side="right"), key[hit])

    def _enough(self, document: Places, key: Places) -> tuple[Places, Places, NDArray[np.float64]]:
        if not len(document):
            return document, document, np.zeros(0)
        document, key = np.divmod(np.unique(document * len(self._keys) + key), len(self._keys))
        posted = self._starts[key + 1] - self._starts[key]
        offsets = np.arange(posted.sum()) - np.repeat(np.cumsum(posted) - posted, posted)
        text = self._owners[np.repeat(self._starts[key], posted) + offsets]
        pairs, repeated = np.unique(np.repeat(document, posted) * len(self._sizes) + text, return_counts=True)
        document, text = np.divmod(pairs, len(self._sizes))
        enough = repeated >= self._needed[text]
        return document[enough], text[enough], (repeated / self._sizes[text])[enough]

    def is_short(self, texts: Places) -> NDArray[np.bool_]:
        """Says whether so few n-grams are a text's own that a common turn of phrase may be enough of them."""
        short: NDArray[np.bool_] = self._sizes[texts] < SHORT_BELOW
        return short

    def own_words(self, text: int) -> list[bytes] | None:
        """Returns a short text's words that are in no n-gram of others; none of one that is long and repeats itself.

        None where a text is so short that all of it must be there.
        """
        if self._whole[text]:
            return None
        words = self._texts[text].words.split()
        others = np.isin(hashes(self._texts[text].words)[0], self._common)
        if np.count_nonzero(~others) >= SHORT_BELOW:
            return []
        covered = np.convolve(others, np.ones(N, np.int64))
        return [word for word, by_others in zip(words, covered.tolist(), strict=True) if not by_others]


def distinct(words: bytes) -> Hashes:
    """Returns the different n-grams of a text."""
    return np.unique(hashes(words)[0])


def hashes(words: bytes) -> tuple[Hashes, Places]:
    """Hashes every n-gram that crosses no VOID: its 64-bit hash and the byte at which it begins."""
    data = np.frombuffer(words, np.uint8)
    edges = np.flatnonzero(np.diff(data != 32, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    count = len(starts) - N + 1
    if count < 1:
        return np.zeros(0, np.uint64), np.zeros(0, np.intp)
    word_hashes = _hash_words(data, starts, ends)
    void = data[starts] == VOID[1]
    grams, crosses = np.zeros(count, np.uint64), np.zeros(count, np.bool_)
    for place in range(N):
        grams += word_hashes[place : place + count] * _PLACE[place]
        crosses |= void[place : place + count]
    grams ^= grams >> np.uint64(32)
    grams *= np.uint64(_BASE)  # the index looks at the upper bits
    return grams[~crosses], starts[:count][~crosses]


def _hash_words(data: NDArray[np.uint8], starts: Places, ends: Places) -> Hashes:
    """Computes polynomial hashes of all words at once: differences of one running sum, moved to power 0 and mixed."""
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(_BYTE[data] * _powers(_BASE, len(data)), out=sums[1:])
    hashed = (sums[ends] - sums[starts]) * _powers(_INVERSE, len(data))[starts]
    # Half of splitmix64's finaliser: sums of neighbouring bytes differ in few bits.
    hashed ^= hashed >> np.uint64(29)
    hashed *= np.uint64(0xBF58476D1CE4E5B9)
    hashed ^= hashed >> np.uint64(32)
    return hashed


def _powers(base: int, count: int) -> Hashes:
    """Returns base^0, base^1, ... modulo 2^64."""
    return _table(base, max(count, 1).bit_length())[:count]


@lru_cache(4)  # a batch's two tables, and those of one larger document
def _table(base: int, bits: int) -> Hashes:
    powers = np.full(1 << bits, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, out=powers)


@dataclass(slots=True, frozen=True)
class _Postings:
    """The texts of each n-gram: sorted by n-gram, each text of it once."""

    grams: Hashes
    owners: Places
    inner: NDArray[np.bool_]
    """Whether the n-gram is in the text itself, without its edges."""
    starts: Places
    """Where each n-gram begins."""
    lengths: Places
    """How many texts each has."""


def _postings(texts: Sequence[Text]) -> _Postings:
    batches = [(np.zeros(0, np.uint64), np.zeros(0, np.intp), np.zeros(0, np.bool_))]
    first = 0
    for batch in _batches([EDGE + text.words + EDGE for text in texts]):
        batches.append(_batch_grams(batch, first))
        first += len(batch)
    grams, owners, inner = (np.concatenate(part) for part in zip(*batches, strict=True))
    order = _by_gram(grams, owners)
    grams, owners = grams[order], owners[order]
    once = _starts(grams, owners)
    inner = np.logical_or.reduceat(inner[order], once) if once.size else inner
    grams, owners = grams[once], owners[once]
    starts = _starts(grams)
    return _Postings(grams, owners, inner, starts, np.diff(np.append(starts, len(grams))))


def _by_gram(grams: Hashes, owners: Places) -> Places:
    """Sorts by n-gram and text. Most n-grams come once: a stable sort of all would take thrice as long."""
    order = np.argsort(grams)
    in_order = grams[order]
    again = np.zeros(len(order) + 1, np.bool_)
    again[1:-1] = in_order[1:] == in_order[:-1]
    several = np.flatnonzero(again[1:] | again[:-1])
    order[several] = order[several][np.lexsort((owners[order[several]], in_order[several]))]
    return order


def _batch_grams(batch: Sequence[bytes], first: int) -> tuple[Hashes, Places, NDArray[np.bool_]]:
    grams, starts = hashes(b"".join(text + VOID for text in batch))
    ends = np.cumsum([len(text) + len(VOID) for text in batch])
    counts = np.diff(np.searchsorted(starts, ends), prepend=0)
    last = np.cumsum(counts)
    place = np.arange(len(grams)) - np.repeat(last - counts, counts)
    inner = (place >= N - 1) & (place < np.repeat(counts, counts) - N + 1)
    return grams, np.repeat(np.arange(first, first + len(batch)), counts), inner


def _starts(*columns: NDArray[Any]) -> Places:
    """Finds where any of some columns has another value than before."""
    new = np.ones(len(columns[0]), np.bool_)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return np.flatnonzero(new)


def _batches(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = size = 0
    for at, text in enumerate(texts):
        size += len(text)
        if size >= BATCH_BYTES:
            yield texts[start : at + 1]
            start, size = at + 1, 0
    if start < len(texts):
        yield texts[start:]


def _common(texts: Sequence[Text], postings: _Postings) -> NDArray[np.bool_]:
    """Finds the n-grams that are in many rows of a source: a template's, an instruction's."""
    sources = np.array([text.source for text in texts], np.int64)
    rows = np.array([text.row for text in texts], np.int64)
    several = postings.lengths >= COMMON_ROWS
    at = np.flatnonzero(np.repeat(several, postings.lengths))
    gram = np.repeat(np.flatnonzero(several), postings.lengths[several])
    source, row = sources[postings.owners[at]], rows[postings.owners[at]]
    once = _starts(gram, source, row)
    common = np.zeros(len(postings.lengths), np.bool_)
    for number in np.unique(sources).tolist():
        counts = np.bincount(gram[once[source[once] == number]], minlength=len(common))
        common |= counts >= max(COMMON_ROWS, COMMON_SHARE * len(np.unique(rows[sources == number])))
    return common


def _edged(texts: Sequence[Text], postings: _Postings, own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Finds the texts that are so short that their edges must be repeated too."""
    bounded = np.array([text.bounded for text in texts])
    size = np.bincount(postings.owners[postings.inner], minlength=len(texts))
    own_size = np.bincount(postings.owners[postings.inner & own], minlength=len(texts))
    return (bounded | (size < 2)) & (own_size < WHOLE_BELOW)
