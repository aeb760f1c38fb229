"""The scorer `judge`: a model says which of two replies is better, the contestant's or the teacher's.

Each pair is judged in both orders, as judge/pairwise.py does it: 1 for a win, 1/2 for a tie. So the teacher's own score
is 1/2, and a contestant's above that is better than the teacher in the judge's eyes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.judge.pairwise import AskAll, PairwiseScores, score_pairwise
from pipeline.recipe.scorer import Score, failed_score
from pipeline.run.evaluation import TEACHER
from pipeline.statistics.intervals import wilson
from prompts.errors import InputError
from prompts.prompt import Prompt
from prompts.text import normalise

Scores = dict[str, list[Score]]


def judge_all(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], rubric: str, ask: AskAll
) -> tuple[Scores, dict[str, Any]]:
    """Everyone's scores against the teacher, and how the judge did: its calls, its place bias, its agreement with gold.

    InputError where there is no teacher.
    """
    teacher = next((one for one in contestants if one.name == TEACHER), None)
    if teacher is None:
        raise InputError("the scorer 'judge' needs the teacher's replies", field="evaluate.scorer")
    everyone = [teacher, *(one for one in contestants if one is not teacher)]
    prompts = [Prompt(row.prompt_id, row.student_messages, row.student_messages) for row in rows]
    pairwise = score_pairwise(prompts, [_texts(rows, one) for one in everyone], rubric, ask)
    scores = {
        one.name: [_score(points, answer.text) for points, answer in zip(column, one.answers, strict=True)]
        for one, column in zip(everyone, pairwise.scores, strict=True)
    }
    return scores, _report(rows, everyone, pairwise)


def _texts(rows: Sequence[HeldoutRow], one: Contestant) -> dict[str, str]:
    pairs = zip(rows, one.answers, strict=True)
    return {row.prompt_id: answer.text for row, answer in pairs if answer.outcome in SCORED and answer.text.strip()}


def _score(points: float | None, text: str) -> Score:
    return failed_score("the judge gave no verdict") if points is None else Score(points, valid=bool(text.strip()))


def _report(rows: Sequence[HeldoutRow], everyone: Sequence[Contestant], pairwise: PairwiseScores) -> dict[str, Any]:
    """The share of clear verdicts for the first place is 1/2 for a judge that looks at the answers alone."""
    clear = [
        (row.unit, verdict)
        for column in pairwise.verdicts
        for row, pair in zip(rows, column, strict=True)
        for verdict in pair or ()
        if verdict in ("1", "2")
    ]
    first = sum(verdict == "1" for _, verdict in clear)
    interval = _wilson(first, clear)
    return {
        "calls": pairwise.calls,
        "failures": pairwise.failures,
        "changed": pairwise.changed,
        "first_position_wins": {
            "value": first / len(clear) if clear else None,
            "ci95": interval,
            "verdicts": len(clear),
        },
        "prefers": _preference(interval),
        "agreement_with_gold": _agreement(rows, everyone, pairwise),
    }


def _wilson(won: float, said: Sequence[tuple[str, Any]]) -> Sequence[float] | None:
    """Of the share won of what is said, each beside its row's unit; None where nothing is.

    Each unit counts as one: a pair is judged twice and contestants answer the same rows, so that what is said of a unit
    may be the same all along. That is the widest it can be.
    """
    return wilson(won / len(said), len({unit for unit, _ in said})) if said else None


def _preference(interval: Sequence[float] | None) -> str | None:
    """The place that it clearly prefers."""
    if interval is None or interval[0] <= 0.5 <= interval[1]:
        return None
    return "first" if interval[0] > 0.5 else "second"


def _agreement(
    rows: Sequence[HeldoutRow], everyone: Sequence[Contestant], pairwise: PairwiseScores
) -> Mapping[str, Any] | None:
    """Over the pairs of which just one equals gold: how often it picks that one, a tie one half."""
    teacher = everyone[0]
    points: list[tuple[str, float]] = []
    for one, column in zip(everyone[1:], pairwise.scores[1:], strict=True):
        for row, mine, theirs, score in zip(rows, one.answers, teacher.answers, column, strict=True):
            if row.gold is None or score is None:
                continue
            right, other = (normalise(answer.text) == normalise(row.gold) for answer in (mine, theirs))
            if right != other:
                points.append((row.unit, score if right else 1 - score))
    if not points:
        return None
    won = sum(point for _, point in points)
    return {"value": won / len(points), "ci95": _wilson(won, points), "pairs": len(points)}
