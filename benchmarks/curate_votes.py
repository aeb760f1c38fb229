"""Agreement, confidence and the judge's questions: python -m benchmarks.curate_votes [--rows N]

Rows a second of CPU, each step over replies.parquet with 20 tokens of 5 alternatives a row, beside the same margin read
token by token from Python objects. Four replies a prompt; nothing is asked of a judge, its answers are given.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.confidence import Confidence
from pipeline.curate.steps.judge import Judge
from pipeline.curate.tokens import NO_TOKENS, TokenFile
from pipeline.journal.columns import REPLIES
from pipeline.recipe.step import JudgeModel, Step, Tools
from pipeline.recipe.teachers import TeacherEntry
from pipeline.recipe.verdict import Sample
from pipeline.run.records import write_parquet
from prompts.messages import Conversation, Message

TOKENS, ALTERNATIVES, REPLIES_A_PROMPT = 20, 5, 4


def main() -> None:
    """Prints a line a step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replies.parquet"
        write_parquet(path, REPLIES, rows_of(rows, random.Random(0)))
        file = TokenFile(path)
        samples = [sample(index, file) for index in range(rows)]

        def verdicts(step: Step) -> Callable[[], Any]:
            return partial(step.rule(Tools(ask=certain)), samples)

        jobs: list[tuple[str, Callable[[], Any]]] = [
            ("agreement by label", verdicts(Agreement(by="label"))),
            ("agreement by number", verdicts(Agreement(by="number", tolerance=1))),
            ("confidence by mean", verdicts(Confidence(keep=0.8))),
            ("confidence by margin", verdicts(Confidence(by="margin", keep=0.8))),
            ("margin token by token", lambda: [slow_margin(one.tokens.array().to_pylist()) for one in samples]),
            ("judge, answers given", verdicts(REFEREE)),
        ]
        for name, job in jobs:
            began = time.process_time()
            job()
            print(f"{name:22} {rows / (time.process_time() - began):>10,.0f} rows/s of CPU")


REFEREE = Judge(judge=TeacherEntry(spec="scripted:none"))


def certain(judge: JudgeModel, questions: Sequence[Conversation]) -> Mapping[Conversation, str]:
    """A judge that answers at once."""
    return dict.fromkeys(questions, json.dumps({"reason": "It answers the question.", "score": 4}))


def rows_of(count: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Replies whose tokens have alternatives."""
    teacher = {"provider": "scripted", "model": "x"}
    for index in range(count):
        tokens = []
        for _ in range(TOKENS):
            top = [{"bytes": b"t%d" % n, "id": n, "logprob": -rng.random() * n} for n in range(ALTERNATIVES)]
            tokens.append({**top[0], "top": top})
        yield {"sample_id": str(index), "outcome": "ok", "teacher": teacher, "tokens": tokens}


def sample(index: int, file: TokenFile) -> Sample:
    """A reply that names a number, one of four to its prompt."""
    prompt, text = str(index // REPLIES_A_PROMPT), f"The answer is {index % 3}."
    asked = (Message("user", f"question {prompt}"),)
    plain = Sample(str(index), prompt, asked, asked, text, "ok", NO_TOKENS, "train", "scripted:x", text)
    return replace(plain, tokens=file.row(index))


def slow_margin(tokens: Sequence[Mapping[str, Any]]) -> float:
    """What `confidence by margin` measures, as one would write it first."""
    others = ([one["logprob"] for one in token["top"] if one["bytes"] != token["bytes"]] for token in tokens)
    return min(float(token["logprob"] - max(rest)) for token, rest in zip(tokens, others, strict=True) if rest)


if __name__ == "__main__":
    main()
