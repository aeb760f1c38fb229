"""The scorer `judge`: a model says which of two replies is better, the contestant's or the teacher's.

Each pair is judged in both orders, as judge/pairwise.py does it: 1 for a win, 1/2 for a tie. So the teacher's own score
is 1/2, and a contestant's above that is better than the teacher in the judge's eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.resampling import as_pair
from pipeline.evaluate.comparison.summary import SCORED
from pipeline.judge.pairwise import AskAll, PairwiseScores, score_pairwise
from pipeline.recipe.scorer import Score, failed_score
from pipeline.run.evaluation import TEACHER
from pipeline.run.evaluation.checks import JudgeReport
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics.intervals import wilson
from prompts.errors import InputError
from prompts.prompt import Prompt
from prompts.text import normalise

Columns = dict[str, list[Score]]


def judge_all(
    rows: Sequence[HeldoutRow], contestants: Sequence[Contestant], rubric: str, ask: AskAll
) -> tuple[Columns, JudgeReport]:
    """Returns everyone's scores against the teacher, and how the judge did.

    InputError where there is no teacher.
    """
    teacher = next((contestant for contestant in contestants if contestant.name == TEACHER), None)
    if teacher is None:
        raise InputError("the scorer 'judge' needs the teacher's replies", field="evaluate.scorer")
    # The teacher first: the others are judged against the first.
    everyone = [teacher, *(contestant for contestant in contestants if contestant is not teacher)]
    prompts = [Prompt(row.prompt_id, row.student_messages, row.student_messages) for row in rows]
    pairwise = score_pairwise(prompts, [_texts(rows, contestant) for contestant in everyone], rubric, ask)
    columns: Columns = {}
    for contestant, column in zip(everyone, pairwise.scores, strict=True):
        answered = zip(column, contestant.answers, strict=True)
        columns[contestant.name] = [_score(points, answer.text) for points, answer in answered]
    return columns, _report(rows, everyone, pairwise)


def _texts(rows: Sequence[HeldoutRow], contestant: Contestant) -> dict[str, str]:
    texts = {}
    for row, answer in zip(rows, contestant.answers, strict=True):
        if answer.outcome in SCORED and answer.text.strip():
            texts[row.prompt_id] = answer.text
    return texts


def _score(points: float | None, text: str) -> Score:
    if points is None:
        return failed_score("the judge gave no verdict")
    return Score(points, valid=bool(text.strip()))


def _report(rows: Sequence[HeldoutRow], everyone: Sequence[Contestant], pairwise: PairwiseScores) -> JudgeReport:
    first_wins = _share(_first_wins(rows, pairwise))
    return JudgeReport(
        calls=pairwise.calls,
        failures=pairwise.failures,
        changed=pairwise.changed,
        first_position_wins=first_wins,
        prefers=_preference(first_wins),
        agreement_with_gold=_share(_agreements(rows, everyone, pairwise)),
    )


def _first_wins(rows: Sequence[HeldoutRow], pairwise: PairwiseScores) -> list[tuple[str, float]]:
    """Returns, of each clear verdict, its row's unit and whether the first place won."""
    wins = []
    for column in pairwise.verdicts:
        for row, pair in zip(rows, column, strict=True):
            for verdict in pair or ():
                if verdict in ("1", "2"):
                    wins.append((row.unit, float(verdict == "1")))
    return wins


def _agreements(
    rows: Sequence[HeldoutRow], everyone: Sequence[Contestant], pairwise: PairwiseScores
) -> list[tuple[str, float]]:
    """Returns, of each pair of which just one equals gold, its row's unit and whether the judge picks that one.

    A tie is one half.
    """
    teacher = everyone[0]
    agreements: list[tuple[str, float]] = []
    for contestant, column in zip(everyone[1:], pairwise.scores[1:], strict=True):
        for row, mine, theirs, score in zip(rows, contestant.answers, teacher.answers, column, strict=True):
            if row.gold is None or score is None:
                continue
            gold = normalise(row.gold)
            mine_is_gold, theirs_is_gold = normalise(mine.text) == gold, normalise(theirs.text) == gold
            if mine_is_gold == theirs_is_gold:
                continue
            if theirs_is_gold:
                score = 1 - score
            agreements.append((row.unit, score))
    return agreements


def _share(points: Sequence[tuple[str, float]]) -> Estimate | None:
    """Estimates the mean of points from 0 to 1, each beside its row's unit; None where there are none.

    Each unit counts as one: a pair is judged twice and contestants answer the same rows, so that what is said of a unit
    may be the same all along. That is the widest the interval can be.
    """
    if not points:
        return None
    value = sum(point for _, point in points) / len(points)
    units = {unit for unit, _ in points}
    return Estimate(value, as_pair(wilson(value, len(units))), len(points))


def _preference(first_wins: Estimate | None) -> Literal["first", "second"] | None:
    """Returns the place that it clearly prefers."""
    if first_wins is None or first_wins.interval is None:
        return None
    low, high = first_wins.interval
    if low > 0.5:
        return "first"
    if high < 0.5:
        return "second"
    return None
