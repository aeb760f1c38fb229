"""Rows and contestants for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.evaluate.answers.contestants import Answer, Contestant, HeldoutAnswers, HeldoutRow
from pipeline.evaluate.comparison.compare import compare
from pipeline.evaluate.comparison.scores import Scores
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation
from prompts.messages import Message

LABELS = Evaluate(scorer="label", labels=["spam", "ham"], resamples=200)


def row(
    name: str, gold: str | None = "spam", reply: str = "spam", completion: str | None = None, **more: Any
) -> HeldoutRow:
    asked = (Message("user", f"Is {name} spam?"),)
    answer = Answer(reply, input_tokens=400, output_tokens=2, latency_s=0.5)
    return HeldoutRow(name, gold, asked, asked, answer, reply if completion is None else completion, **more)


def contestant(name: str, texts: Sequence[str], **more: Any) -> Contestant:
    answers = tuple(Answer(text, input_tokens=40, output_tokens=2, latency_s=0.1) for text in texts)
    return Contestant(name, f"scripted:{name}", answers, **more)


def compared(
    rows: Sequence[HeldoutRow],
    contestants: Sequence[Contestant],
    config: Evaluate,
    *,
    scores: Scores | None = None,
    **answers: Any,
) -> Evaluation:
    """The comparison; `answers` may have exports and what was left out."""
    return compare(HeldoutAnswers(rows, contestants, **answers), config, scores)


def known(estimate: Estimate | None) -> Estimate:
    """An estimate that there is."""
    assert estimate is not None
    return estimate


def ends(estimate: Estimate | None) -> tuple[float, float]:
    """Its interval, which has both ends."""
    interval = known(estimate).interval
    assert interval is not None
    return interval


def parquet_row(prompt_id: str, **values: Any) -> dict[str, Any]:
    """A row of kept.parquet or dropped.parquet, held out unless it says otherwise."""
    student_messages = [{"role": "user", "content": prompt_id}]
    given: dict[str, Any] = {
        "sample_id": f"{prompt_id}-0",
        "prompt_id": prompt_id,
        "messages": [
            {"role": "user", "content": "example"},
            {"role": "assistant", "content": "ham"},
            *student_messages,
        ],
        "reply": "spam",
        "outcome": "ok",
        "usage": {"input_tokens": 300, "output_tokens": 1},
        "latency_s": 0.4,
        "gold": "spam",
        "prompt": student_messages,
        "completion": [{"role": "assistant", "content": "spam"}],
        "split": "heldout",
    }
    return given | values
