"""Decontamination's recall, false positives and speed on real mails: python -m benchmarks.curate_decontaminate

Evaluation rows are the even mails of data/spam_assassin.jsonl with ten words or more, one of each group, joined in
fours; train rows are these verbatim, these with up to a tenth of the words replaced, removed or inserted, and the odd
mails' words in fours in another order, which repeat nobody. Speed is CPU time, index and all, beside a set of tuples.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.curate.decontaminate import decontaminate
from pipeline.curate.step import Drop, Sample, Side
from pipeline.curate.tokens import NO_TOKENS
from prompts.messages import Message

MAILS = Path(__file__).parents[1] / "data" / "spam_assassin.jsonl"
JOINED, COPIES, LARGE, WORDS = 4, 20, 20_000, 200


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
    words = " ".join(mails[1::2]).split()
    large = [" ".join(rng.choices(words, k=WORDS)) for _ in range(LARGE)]
    size = sum(len(text.encode()) for text in large) / 1e6
    ours, tuples = (size / cpu_s(work) for work in (lambda: found(rows, large), lambda: naive(rows, large)))
    print(f"  {size:.0f} MB: ours {ours:.1f} MB/s, a set of tuples {tuples:.1f} MB/s, {ours / tuples:.1f} times")


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
    samples = [*samples_of(rows, "heldout"), *samples_of(train, "train")]
    verdicts = decontaminate(samples, overlap=0.4, heldout=True, against=())
    return sum(isinstance(verdict, Drop) for verdict in verdicts) / len(train)


def samples_of(texts: Sequence[str], split: Side) -> list[Sample]:
    def one(number: int, text: str) -> Sample:
        name, turns = f"{split} {number}", (Message("user", text),)
        return Sample(name, name, turns, turns, "ham", "ok", NO_TOKENS, split, "bench", completion="ham")

    return [one(number, text) for number, text in enumerate(texts)]


def naive(rows: Sequence[str], train: Sequence[str]) -> int:
    def grams(text: str) -> set[tuple[str, ...]]:
        words = text.casefold().split()
        return set(zip(words, words[1:], words[2:], words[3:], strict=False))

    index = set().union(*map(grams, rows))
    return sum(not index.isdisjoint(grams(text)) for text in train)


def cpu_s(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
