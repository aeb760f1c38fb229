"""An index of texts by their word n-grams, and what share of each a document repeats.

Documents are hashed many at a time, bytes to words to n-grams, in arrays: no Python per word. Texts come as `folded`
leaves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
    """Finds which of the texts a document repeats, and how much of them.

    `overlap` is the share of a text's n-grams that makes a repetition. N-grams in many rows of one source, and those of
    `ignore`, are nobody's own and do not count.
    """

    def __init__(self, texts: Sequence[Text], *, overlap: float, ignore: Iterable[int] = ()) -> None:
        inner = _flat([text.words for text in texts])
        bounded = _flat([EDGE + text.words + EDGE for text in texts])
        common = np.union1d(_common(texts, bounded), np.array([*ignore], np.uint64))
        grams, owners, edged = _own(texts, inner, bounded, common)
        self._sizes = np.bincount(owners, minlength=len(texts))
        self._whole = edged | (self._sizes < WHOLE_BELOW)
        part = np.ceil(overlap * self._sizes - EXACT).astype(np.int64)
        self._needed = np.where(self._whole, self._sizes, part).clip(min=1)
        self._texts, self._common = texts, common
        self._fill(grams, owners)

    def _fill(self, grams: Hashes, owners: Places) -> None:
        """Postings: the texts of each n-gram, in one array, and where each n-gram's begin."""
        order = np.argsort(grams, kind="stable")
        self._owners = owners[order]
        self._keys, starts = np.unique(grams[order], return_index=True)
        self._starts = np.append(starts, len(grams))
        bits = max(16, (16 * len(self._keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._maybe = np.zeros(1 << bits, np.bool_)
        self._maybe[self._keys >> self._shift] = True

    def repeats(self, documents: Sequence[bytes]) -> tuple[Places, Places, NDArray[np.float64]]:
        """The documents that repeat as much of a text as is needed, the texts, and the shares repeated.

        A document ends in VOID.
        """
        grams, starts = hashes(b"".join(documents))
        at = np.flatnonzero(self._maybe[grams >> self._shift])  # one in sixteen by chance
        key = np.searchsorted(self._keys, grams[at])
        hit = np.append(self._keys, np.uint64(0))[key] == grams[at]
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
        """Whether so few n-grams are a text's own that a common turn of phrase may be enough of them."""
        found: NDArray[np.bool_] = self._sizes[texts] < SHORT_BELOW
        return found

    def own_words(self, text: int) -> list[bytes] | None:
        """The words of a short text that are in no n-gram of others; none of one that is long and repeats itself.

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


def _flat(texts: Sequence[bytes]) -> tuple[Hashes, Places]:
    """The different n-grams of each text, all in one array by text, and the text each is of."""
    found, owners, first = [np.zeros(0, np.uint64)], [np.zeros(0, np.intp)], 0
    for batch in _batches(texts):
        grams, starts = hashes(b"".join(text + VOID for text in batch))
        ends = np.cumsum([len(text) + len(VOID) for text in batch])
        owner = np.searchsorted(ends, starts, side="right") + first
        order = np.lexsort((grams, owner))
        grams, owner = grams[order], owner[order]
        new = np.append(True, (grams[1:] != grams[:-1]) | (owner[1:] != owner[:-1]))[: len(grams)]
        found.append(grams[new])
        owners.append(owner[new])
        first += len(batch)
    return np.concatenate(found), np.concatenate(owners)


def _batches(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = size = 0
    for at, text in enumerate(texts):
        size += len(text)
        if size >= BATCH_BYTES:
            yield texts[start : at + 1]
            start, size = at + 1, 0
    if start < len(texts):
        yield texts[start:]


def _common(texts: Sequence[Text], bounded: tuple[Hashes, Places]) -> Hashes:
    """The n-grams of many rows of a source: a template's, an instruction's."""
    grams, owners = bounded
    sources = np.array([text.source for text in texts], np.int64)
    rows = np.array([text.row for text in texts], np.int64)
    common = [np.zeros(0, np.uint64)]
    for source in np.unique(sources).tolist():
        of_source = sources[owners] == source
        found, row = grams[of_source], rows[owners][of_source]
        order = np.lexsort((row, found))
        found, row = found[order], row[order]
        new = np.append(True, (found[1:] != found[:-1]) | (row[1:] != row[:-1]))[: len(found)]
        found, counts = np.unique(found[new], return_counts=True)
        total = len(np.unique(rows[sources == source]))
        common.append(found[counts >= max(COMMON_ROWS, COMMON_SHARE * total)])
    return np.concatenate(common)


def _own(
    texts: Sequence[Text], inner: tuple[Hashes, Places], bounded: tuple[Hashes, Places], common: Hashes
) -> tuple[Hashes, Places, NDArray[np.bool_]]:
    """What must be repeated of each text: its n-grams that are not common, with its edges where it is short.

    Which have their edges is told too.
    """
    whole = np.array([text.bounded for text in texts]) | (np.bincount(inner[1], minlength=len(texts)) < 2)
    own, owners = (one[~np.isin(inner[0], common)] for one in inner)
    edged = whole & (np.bincount(owners, minlength=len(texts)) < WHOLE_BELOW)
    with_edges = edged[bounded[1]]
    with_edges[with_edges] = ~np.isin(bounded[0][with_edges], common)
    plain = ~edged[owners]
    return np.append(own[plain], bounded[0][with_edges]), np.append(owners[plain], bounded[1][with_edges]), edged
