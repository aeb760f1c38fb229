"""A few rows with everyone's answer, so that a reader sees what the numbers are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.recipe.scorer import Score
from pipeline.run.evaluation import STUDENT, TEACHER
from pipeline.run.evaluation.checks import Example, Regression, ShownAnswer, Turn

WRONG, RIGHT, REGRESSIONS = 8, 4, 20
MAX_CHARS = 2000
"""Longest text shown, in characters: the page stays small whatever the rows hold."""

Columns = Mapping[str, Sequence[Score]]


def pick_examples(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], columns: Columns
) -> tuple[Example, ...]:
    """Picks rows the student gets wrong, then rows it gets right; each kind's own order is the rows'."""
    if not columns:
        picked = list(range(min(len(rows), WRONG + RIGHT)))
    else:
        scores = columns.get(STUDENT) or next(iter(columns.values()))
        wrong = [index for index, score in enumerate(scores) if score.value < 1]
        right = [index for index, score in enumerate(scores) if score.value >= 1]
        picked = wrong[:WRONG] + right[:RIGHT]
    return tuple(_show(index, rows[index], contestants, columns) for index in picked)


def pick_regressions(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], columns: Columns
) -> tuple[Regression, ...]:
    """Picks rows on which the student scores less than the teacher, by what it `lost`, then by how sure it was."""
    if STUDENT not in columns or TEACHER not in columns:
        return ()
    student = next(contestant for contestant in contestants if contestant.name == STUDENT)
    lost = [theirs.value - mine.value for theirs, mine in zip(columns[TEACHER], columns[STUDENT], strict=True)]
    worse = [index for index in range(len(rows)) if lost[index] > 0]
    # Among equals the one it was surest of: that is the mistake a confidence threshold would not catch.
    worse.sort(key=lambda index: (-lost[index], -(student.answers[index].confidence or 0.0), index))
    regressions = []
    for index in worse[:REGRESSIONS]:
        shown = _show(index, rows[index], contestants, columns)
        regressions.append(Regression(shown.prompt_id, shown.gold, shown.prompt, shown.answers, lost[index]))
    return tuple(regressions)


def _show(index: int, row: HeldoutRow, contestants: Sequence[Contestant], columns: Columns) -> Example:
    answers = {}
    for contestant in contestants:
        answer = contestant.answers[index]
        score = None
        if contestant.name in columns:
            score = columns[contestant.name][index].value
        answers[contestant.name] = ShownAnswer(_cut(answer.text), answer.outcome, score)
    prompt = tuple(Turn(message.role, _cut(message.content)) for message in row.student_messages)
    return Example(row.prompt_id, row.gold and _cut(row.gold), prompt, answers)


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    return text[:MAX_CHARS] + " […]"
