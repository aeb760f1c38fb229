"""What each filter step costs a row, beside a plain Python baseline: python -m benchmarks.curate_filters [ROWS]

Rows are those of `benchmarks.curate`: a piece of 40 to 80 words as the prompt, another as the completion, a fifth held
out. Each baseline does the least that a plain script would: a comparison, a regular expression, sets of word tuples.
Microseconds of CPU a row, the best of three, all on one core.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks.curate import rows_of
from benchmarks.curate_near import source
from pipeline.curate.steps.copies import Copies
from pipeline.curate.steps.decontaminate import Decontaminate
from pipeline.curate.steps.exact import Exact
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.near import Near
from pipeline.curate.steps.outcome import Outcome
from pipeline.curate.steps.pii import Pii
from pipeline.curate.steps.refusal import Refusal
from pipeline.curate.steps.repetition import Repetition
from pipeline.curate.tokens import NO_TOKENS
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.verdict import Drop, Sample, Side
from prompts.messages import Message

ROUNDS = 3
PHRASE = re.compile(r"\b(?:i cannot|i can't|as an ai)\b", re.IGNORECASE)
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+?[0-9][0-9 -]{8,}")

Baseline = Callable[[Sequence[Sample]], Any]


def text_of(sample: Sample) -> str:
    return sample.student_messages[-1].content


def tuples(text: str, size: int) -> set[tuple[str, ...]]:
    words = text.casefold().split()
    return set(zip(*(words[start:] for start in range(size)), strict=False))


def shared(samples: Sequence[Sample]) -> int:
    """Train rows that share a 4-gram with a held-out one."""
    index = set().union(*(tuples(text_of(sample), 4) for sample in samples if sample.split == "heldout"))
    return sum(not index.isdisjoint(tuples(text_of(sample), 4)) for sample in samples if sample.split == "train")


STEPS: list[tuple[Step, str, Baseline]] = [
    (Outcome(step="outcome"), "one comparison", lambda rows: [row.outcome == "ok" for row in rows]),
    (Format(step="format"), "len(strip())", lambda rows: [len(row.completion.strip()) for row in rows]),
    (Format(step="format", min_words=5), "len(split())", lambda rows: [len(row.completion.split()) for row in rows]),
    (Refusal(step="refusal"), "one pattern", lambda rows: [PHRASE.search(row.completion) for row in rows]),
    (Exact(step="exact"), "a dict of casefold()", lambda rows: {text_of(row).casefold(): row for row in rows}),
    (Near(step="near"), "sets of 3-tuples, not compared", lambda rows: [tuples(text_of(row), 3) for row in rows]),
    (Decontaminate(step="decontaminate"), "a set of 4-tuples, any shared", shared),
    (Pii(step="pii"), "one pattern, both texts", lambda rows: [ADDRESS.sub("", text_of(row)) for row in rows]),
    (Copies(step="copies"), "two sets of 5-tuples", lambda rows: [tuples(row.completion, 5) for row in rows]),
    (Repetition(step="repetition"), "a set of 4-tuples", lambda rows: [tuples(row.completion, 4) for row in rows]),
]


def samples_of(texts: Sequence[str]) -> list[Sample]:
    def one(number: int, prompt: str, completion: str) -> Sample:
        turns = (Message("system", "Go on."), Message("user", prompt))
        side: Side = "train" if number % 5 else "heldout"
        name = f"{number:08}"
        return Sample(name, name, turns, turns, completion, "ok", NO_TOKENS, side, "bench", completion)

    half = len(texts) // 2
    return [one(number, *pair) for number, pair in enumerate(zip(texts[:half], texts[half:], strict=True))]


def best_s(work: Callable[[], Any]) -> float:
    """CPU seconds, the best of ROUNDS."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def main(rows: int) -> None:
    """Prints the table."""
    samples = samples_of(list(rows_of(2 * rows, random.Random(0))))
    print(f"{len(samples):,} rows of {source()}\n\nstep            us a row   dropped   us of the baseline")
    for step, name, baseline in STEPS:
        rule = step.rule(Tools())
        ours, plain = best_s(partial(rule, samples)), best_s(partial(baseline, samples))
        dropped = sum(isinstance(verdict, Drop) for verdict in rule(samples))
        print(f"{step.step:14}{1e6 * ours / rows:10.2f}{dropped:10,}{1e6 * plain / rows:10.2f}  {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
