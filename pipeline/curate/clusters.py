"""Clusters of near-duplicate texts: every pair whose Jaccard similarity reaches the threshold is in one of them.

No sampling: a set-similarity join with prefix and positional filters (Xiao et al., "Efficient similarity joins for
near duplicate detection", WWW 2008). Where all sets are sorted in one order, two whose Jaccard similarity is t or more
share one of their first n - ceil(t n) + 1 elements. Rare shingles come first here, and what is seen once is left out,
so few texts share such an element that are not near; every pair that does is then compared in full. WINDOW and VAIN
bound the search where that fails.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.prefix_lists import EXACT, POSITION_BITS, Lists
from pipeline.curate.shingles import BATCH_TEXTS, HASH_BITS, Counts, Hashes, Shingles, mix, shingle, shingle_batches

WINDOW = 1000
"""In a list of texts that share an element, each is compared with so many of the next larger, unless the list became
one cluster before: a list longer than this, of texts that are nearly near, would cost its square."""
VAIN = 10
"""Comparisons in vain, a text, after which the search ends: texts of one template, all nearly near, have millions."""
RARITY_BITS = 5
FREQUENT_BITS = 20
TABLE_BITS = 28  # 256 MB, for a million texts
HELD_SHINGLES = 1 << 25
"""So many are held, 256 MB, some 200 MB of text; those of further text are made twice."""
REJECTED_BITS = 22
"""Pairs that were compared in vain are remembered in so many places, 32 MB; one that is forgotten is compared again."""
PAIR_ELEMENTS = 1 << 21  # of the pairs compared at a time: 16 MB an array

_Occurrences = tuple[NDArray[np.uint8], NDArray[np.uint32]]


@dataclass(slots=True, frozen=True)
class _Prefixes:
    """The sets of a batch of texts, of which only the elements that could betray a near one are held."""

    sizes: Counts
    """How many elements each set has."""
    digests: Hashes
    """Equal for the same shingles as often."""
    elements: Hashes
    """The sets' first elements that other texts may have too."""
    owners: NDArray[np.uint32]
    """The text each of those is of."""
    positions: NDArray[np.uint16]
    """Its place in the set, or the last number there is."""


def near_clusters(texts: Sequence[str], threshold: float, ngram: int) -> Counts:
    """Returns for each text the index of the first text of its cluster; `threshold` is a Jaccard similarity above 0.

    Clusters are chains of near pairs: what is near to a member is a member.
    """
    if not texts:
        return np.empty(0, np.int64)
    codes: dict[str, int] = {}
    places = np.array([codes.setdefault(text, len(codes)) for text in texts], np.int64)
    distinct = list(codes)
    labels = _clusters(distinct, threshold, ngram)
    firsts = np.full(len(distinct), len(texts))
    np.minimum.at(firsts, labels[places], np.arange(len(texts)))
    return firsts[labels[places]]


def jaccards(texts: Sequence[str], left: Counts, right: Counts, ngram: int) -> NDArray[np.float64]:
    """Computes the exact similarity of the texts left[i] and right[i]."""
    if not len(left):
        return np.empty(0)
    # Of these pairs alone: this is called a thousand times for the same texts.
    lengths = [len(texts[first]) + len(texts[second]) for first, second in zip(left, right, strict=True)]
    return np.concatenate([_jaccards(texts, left[part], right[part], ngram) for part in _parts(lengths)])


def _clusters(texts: Sequence[str], threshold: float, ngram: int) -> Counts:
    """Labels each text: equal within a cluster, one of its texts."""
    prefixes = _prefixes(texts, threshold, ngram)
    digests = np.concatenate([batch.digests for batch in prefixes])
    sizes = np.concatenate([batch.sizes for batch in prefixes])
    # Texts whose shingles add up to the same are one from here on: copies are common, and cost nothing then.
    _, firsts, twins = np.unique(digests, return_index=True, return_inverse=True)
    roots: Counts = firsts[twins]
    # By size, so that along a list of texts that share an element sizes rise: who is too large ends the search.
    order = np.lexsort((digests, sizes))
    lists = Lists(_entries(prefixes, roots, order), sizes[order].astype(np.int32), threshold)
    rejected = np.zeros(1 << min(REJECTED_BITS, 4 + len(texts).bit_length()), np.int64)
    vain = 0
    open_entries = np.arange(len(lists.entries), dtype=np.uint32)
    for gap in range(1, WINDOW + 1):
        if gap > 1 and not gap & (gap - 1):  # at powers of two: looking costs a pass over all entries
            open_entries = lists.not_one_cluster(open_entries, roots[order])
        open_entries, pairs = lists.candidates(open_entries, gap, roots[order])
        if not open_entries.size or vain > VAIN * len(texts):
            break
        places = (mix(pairs.astype(np.uint64)) & np.uint64(len(rejected) - 1)).astype(np.int64)
        # Two texts may share several elements, and would be compared once for each.
        unknown = rejected[places] != pairs
        pairs, places = pairs[unknown], places[unknown]
        left, right = order[pairs >> 32], order[pairs & 0xFFFFFFFF]
        near = jaccards(texts, left, right, ngram) >= threshold - EXACT
        rejected[places[~near]] = pairs[~near]
        vain += len(near) - int(np.count_nonzero(near))
        roots = join(roots, left[near], right[near])
    return roots


def join(roots: Counts, left: Counts, right: Counts) -> Counts:
    """Union-find over arrays: `roots` once left[i] and right[i] are of one cluster, for every i."""
    roots = roots.copy()
    while (apart := roots[left] != roots[right]).any():
        ends = roots[left[apart]], roots[right[apart]]
        # Towards the smaller: where two writes meet, the smallest wins, and the rest are apart still.
        np.minimum.at(roots, np.maximum(*ends), np.minimum(*ends))
        while (roots[roots] != roots).any():
            roots = roots[roots]
    return roots


def _prefixes(texts: Sequence[str], threshold: float, ngram: int) -> list[_Prefixes]:
    # All must be counted before any can be sorted by how rare it is.
    held: deque[Shingles] = deque()
    occurrences = _occurrences(_hold(shingle_batches(texts, ngram), held), sum(map(len, texts)))
    prefixes = []
    start = 0
    while held:
        batch = held.popleft()
        start = batch.first + len(batch.counts)
        prefixes.append(_batch_prefixes(batch, occurrences, threshold))
    for batch in shingle_batches(texts, ngram, start):  # further text is hashed twice: it would not fit
        prefixes.append(_batch_prefixes(batch, occurrences, threshold))
    return prefixes


def _hold(batches: Iterable[Shingles], held: deque[Shingles]) -> Iterator[Shingles]:
    """Yields the batches as they come, the first of them held."""
    shingles = 0
    for batch in batches:
        shingles += len(batch.hashes)
        if shingles <= HELD_SHINGLES:
            held.append(batch)
        yield batch


def _occurrences(batches: Iterable[Shingles], chars: int) -> _Occurrences:
    """Counts how often a shingle occurs, in two tables by its last bits: to 255, and beyond.

    A place counts too much where several shingles share it.
    What has 1 in the first occurs once. The second is rough, and of what has 128 in the first.
    """
    table = np.zeros(1 << min(max(chars, 1).bit_length(), TABLE_BITS), np.uint8)
    frequent = np.zeros(1 << FREQUENT_BITS, np.uint32)
    half = np.uint8(128)
    for batch in batches:
        places = batch.hashes & np.uint64(len(table) - 1)
        often = table[places] >= half
        np.add.at(frequent, places[often] & np.uint64(len(frequent) - 1), np.uint32(1))
        places = places[~often]
        # Where no place can come 128 times in this batch, a byte cannot run over, and the quick way is safe.
        if np.bincount((places & np.uint64(0xFFFF)).astype(np.int64), minlength=1).max() < half:
            np.add.at(table, places, np.uint8(1))
        else:
            places, counts = np.unique(places, return_counts=True)
            np.add.at(frequent, places & np.uint64(len(frequent) - 1), counts.astype(np.uint32))
            table[places] = np.minimum(table[places] + counts, 255)
    return table, frequent


def _batch_prefixes(batch: Shingles, occurrences: _Occurrences, threshold: float) -> _Prefixes:
    """Reduces a batch's sets to their prefixes. What occurs once comes first in a set and needs no sorting."""
    table, frequent = occurrences
    counts = table[batch.hashes & np.uint64(len(table) - 1)].astype(np.uint32)
    often = np.flatnonzero(counts >= 128)
    counts[often] += frequent[batch.hashes[often] & np.uint64(len(frequent) - 1)]
    texts = np.repeat(np.arange(len(batch.counts), dtype=np.uint16), batch.counts)
    common = np.flatnonzero(counts > 1)
    alone = batch.counts - np.bincount(texts[common], minlength=len(batch.counts))
    # To the power of two: a finer order would sort no better, and takes bits of the key.
    _, magnitudes = np.frexp(counts[common].astype(np.float32))
    keys = batch.hashes[common] | (magnitudes - 1).astype(np.uint64) << np.uint64(HASH_BITS)
    elements, owners = _sets(keys, texts[common])
    rest = np.bincount(owners, minlength=len(batch.counts))
    sizes = alone + rest
    positions = np.arange(len(elements)) + (alone - np.cumsum(rest) + rest)[owners]
    prefix = sizes - np.ceil(threshold * sizes - EXACT).astype(np.int64) + 1
    useful = positions < prefix[owners]
    return _Prefixes(
        sizes,
        np.add.reduceat(batch.hashes, np.cumsum(batch.counts) - batch.counts),
        elements[useful],
        (owners[useful] + batch.first).astype(np.uint32),
        positions[useful].clip(max=(1 << POSITION_BITS) - 1).astype(np.uint16),
    )


def _sets(keys: Hashes, texts: NDArray[np.uint16]) -> tuple[Hashes, Counts]:
    """Returns each text's keys sorted and without repeats, and the text each is of; BATCH_TEXTS texts at most."""
    shift = np.uint64(HASH_BITS + RARITY_BITS)
    tagged = np.sort(keys | texts.astype(np.uint64) << shift)
    new = np.ones(len(tagged), bool)
    new[1:] = tagged[1:] != tagged[:-1]
    tagged = tagged[new]
    return tagged & np.uint64((1 << int(shift)) - 1), (tagged >> shift).astype(np.int64)


def _entries(prefixes: list[_Prefixes], roots: Counts, order: Counts) -> Hashes:
    """Writes the prefixes as lists: element, rank of the text by size, position, packed and sorted.

    Of texts that are alike, one is in them. Empties `prefixes` on its way: both would be much at once.
    """
    bits = max(len(order) - 1, 1).bit_length()
    ranks = np.empty(len(order), np.uint64)
    ranks[order] = np.arange(len(order), dtype=np.uint64)
    packed = []
    while prefixes:
        batch = prefixes.pop()
        only = roots[batch.owners] == batch.owners
        owned = mix(batch.elements[only]) << np.uint64(bits) | ranks[batch.owners[only]]
        packed.append(owned << np.uint64(POSITION_BITS) | batch.positions[only])
    entries: Hashes = np.concatenate(packed)
    entries.sort()
    shared = np.diff(entries >> np.uint64(POSITION_BITS + bits)) == 0
    # What one text alone has in its prefix makes no pair.
    in_lists: Hashes = entries[(np.append(shared, False) | np.append(False, shared))[: len(entries)]]
    return in_lists


def _parts(lengths: Sequence[int]) -> Iterator[slice]:
    """Cuts consecutive pairs into those that are compared at a time."""
    start, total = 0, 0
    for index, length in enumerate(lengths):
        if index > start and (total + length > PAIR_ELEMENTS or index - start == BATCH_TEXTS // 2):
            yield slice(start, index)
            start, total = index, 0
        total += length
    if len(lengths):
        yield slice(start, len(lengths))


def _jaccards(texts: Sequence[str], left: Counts, right: Counts, ngram: int) -> NDArray[np.float64]:
    """Compares BATCH_TEXTS / 2 pairs at most.

    Each pair's two sets are sorted as one, where equal neighbours are shared.
    """
    members, places = np.unique(np.concatenate((left, right)), return_inverse=True)
    hashes, counts = shingle([texts[index] for index in members], ngram)
    elements, owners = _sets(hashes, np.repeat(np.arange(len(members), dtype=np.uint16), counts))
    sizes = np.bincount(owners, minlength=len(members))
    starts = np.cumsum(sizes) - sizes
    counts = sizes[places]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    both = elements[np.repeat(starts[places], counts) + within]
    pair = np.repeat(np.tile(np.arange(len(left), dtype=np.uint64), 2), counts)
    both = np.sort(both | pair << np.uint64(HASH_BITS))
    again = both[1:][both[1:] == both[:-1]] >> np.uint64(HASH_BITS)
    shared = np.bincount(again.astype(np.int64), minlength=len(left))
    total: NDArray[np.int64] = counts[: len(left)] + counts[len(left) :] - shared
    return shared / total
