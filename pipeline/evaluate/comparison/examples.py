"""A few rows with everyone's answer, so that a reader sees what the numbers are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.recipe.scorer import Score
from pipeline.run.evaluation import STUDENT, TEACHER
from prompts.messages import to_dicts

WRONG, RIGHT, REGRESSIONS = 8, 4, 20
MAX_CHARS = 2000
"""Longest text shown, in characters: the page stays small whatever the rows hold."""

Scores = Mapping[str, Sequence[Score]]


def pick_examples(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], scores: Scores
) -> list[dict[str, Any]]:
    """Rows the student gets wrong, then rows it gets right; each kind's own order is the rows'."""
    if not scores:
        return [_show(index, rows, contestants, scores) for index in range(min(len(rows), WRONG + RIGHT))]
    judge = scores.get(STUDENT) or next(iter(scores.values()))
    wrong = [index for index in range(len(rows)) if judge[index].value < 1]
    right = [index for index in range(len(rows)) if judge[index].value >= 1]
    return [_show(index, rows, contestants, scores) for index in wrong[:WRONG] + right[:RIGHT]]


def pick_regressions(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], scores: Scores
) -> list[dict[str, Any]]:
    """Rows on which the student scores less than the teacher, by what it `lost`, then by how sure it was."""
    if STUDENT not in scores or TEACHER not in scores:
        return []
    student = next(one for one in contestants if one.name == STUDENT)
    lost = [theirs.value - mine.value for theirs, mine in zip(scores[TEACHER], scores[STUDENT], strict=True)]
    worse = [index for index in range(len(rows)) if lost[index] > 0]
    worse.sort(key=lambda index: (-lost[index], -(student.answers[index].confidence or 0.0), index))
    return [_show(index, rows, contestants, scores) | {"lost": lost[index]} for index in worse[:REGRESSIONS]]


def _show(index: int, rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], scores: Scores) -> dict[str, Any]:
    row = rows[index]
    answers = {}
    for one in contestants:
        answer = one.answers[index]
        value = scores[one.name][index].value if one.name in scores else None
        answers[one.name] = {"text": _cut(answer.text), "outcome": answer.outcome, "score": value}
    prompt = [message | {"content": _cut(message["content"])} for message in to_dicts(row.student_messages)]
    return {"prompt_id": row.prompt_id, "gold": row.gold and _cut(row.gold), "prompt": prompt, "answers": answers}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + " […]"
