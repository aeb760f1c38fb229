"""A few rows with everyone's answer, so that a reader sees what the numbers are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.evaluate.contestants import STUDENT, Contestant, Row
from pipeline.evaluate.scorers import Score
from prompts.messages import to_dicts

WRONG, RIGHT = 8, 4
MAX_CHARS = 2000
"""Longest text shown, in characters: the page stays small whatever the rows hold."""

Scores = Mapping[str, Sequence[Score]]


def pick_examples(rows: Sequence[Row], contestants: Sequence[Contestant], scores: Scores) -> list[dict[str, Any]]:
    """Rows the student gets wrong, then rows it gets right; each kind's own order is the rows'."""
    judge = scores.get(STUDENT) or next(iter(scores.values()))
    wrong = [index for index in range(len(rows)) if judge[index].value < 1]
    right = [index for index in range(len(rows)) if judge[index].value >= 1]
    return [_show(index, rows, contestants, scores) for index in wrong[:WRONG] + right[:RIGHT]]


def _show(index: int, rows: Sequence[Row], contestants: Sequence[Contestant], scores: Scores) -> dict[str, Any]:
    row = rows[index]
    answers = {}
    for one in contestants:
        answer, score = one.answers[index], scores[one.name][index]
        answers[one.name] = {"text": _cut(answer.text), "outcome": answer.outcome, "score": score.value}
    prompt = [message | {"content": _cut(message["content"])} for message in to_dicts(row.prompt)]
    return {"prompt_id": row.prompt_id, "gold": _cut(row.gold), "prompt": prompt, "answers": answers}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + " […]"
