"""The comparison: contestants' answers to the same rows -> evaluation.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow
from pipeline.evaluate.comparison.details import details
from pipeline.evaluate.comparison.differences import Estimates, against, agreement, difference
from pipeline.evaluate.comparison.examples import pick_examples, pick_regressions
from pipeline.evaluate.comparison.probabilities import calibration, divergence, rank
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.scores import Scores, mark, pick
from pipeline.evaluate.comparison.slices import slices
from pipeline.evaluate.comparison.summary import summarise
from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.scorer import Scorer
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from pipeline.statistics.auc import Floats

FEWEST_ROWS = 30
"""With fewer, an interval is shown and no verdict is given."""


def compare(
    rows: Sequence[HeldoutRow],
    contestants: Sequence[Contestant],
    config: Evaluate,
    left_out: Mapping[str, int],
    exports: Sequence[Contestant] = (),
    marks: Scores | None = None,
) -> dict[str, Any]:
    """What evaluation.json holds. Numbers that need an absent contestant, or that do not exist, are null.

    `exports`, forms of the student, stand under a key of their own, where there are any. Rows that the scorer failed on
    count for nobody. Without `marks` everyone is scored here.
    """
    everyone = [*contestants, *(one for one in exports if one.failed is None)]
    marks = mark(rows, everyone, config) if marks is None else marks
    places = marks.counted(rows)
    resampling, scorer = Resampling(pick(rows, places), config), config.to_scorer()
    seen, seen_exports = _only(contestants, places), _only(exports, places)
    counted = marks.only(places)
    estimates = {name: resampling.mean([score.value for score in column]) for name, column in counted.scores.items()}
    known = {one.name: one for one in seen}
    return {
        "scorer": config.scorer.name,
        "scoring": config.scoring,
        "rows": len(rows),
        "groups": resampling.bootstrap.groups,
        "resamples": config.resamples,
        "seed": config.seed,
        **{one.name: describe(one, resampling, counted, estimates, scorer, config) for one in seen},
        "student_minus_base": difference(resampling, estimates, STUDENT, BASE),
        **against(resampling, estimates, TEACHER),
        "against_calibrated": against(resampling, estimates, CALIBRATED) if CALIBRATED in known else None,
        "agreement": agreement(resampling, known.get(STUDENT), scorer),
        "kl_from_teacher": _divergence(resampling, known),
        "slices": slices(resampling, counted.scores, config, [one.name for one in seen]),
        "left_out": dict(left_out),
        "scorer_failed": marks.failures(rows),
        "verdict_withheld": _withheld(resampling, counted),
        "examples": pick_examples(resampling.rows, seen, counted.scores),
        "regressions": pick_regressions(resampling.rows, seen, counted.scores),
        **({"judge": marks.judge} if marks.judge is not None else {}),
        **({"exports": _exports(seen_exports, resampling, counted, estimates, scorer, config)} if exports else {}),
    }


def describe(
    one: Contestant, resampling: Resampling, marks: Scores, estimates: Estimates, scorer: Scorer, config: Evaluate
) -> dict[str, Any]:
    """Everything about one contestant alone."""
    scores = marks.scores.get(one.name)
    found = summarise(one, scores, estimates.get(one.name), resampling)
    if scores is None:
        return found
    has_gold = all(row.gold is not None for row in resampling.rows)
    if has_gold:
        found |= details(resampling, one.answers, scorer)
    if has_gold and config.labels is not None and len(config.labels) == 2:
        found |= rank(resampling, one.answers, scorer, config.labels[0])
    return found | calibration(resampling, one.answers, scores)


def _only(contestants: Sequence[Contestant], places: Sequence[int]) -> list[Contestant]:
    return [
        one if one.failed is not None else replace(one, answers=tuple(pick(one.answers, places))) for one in contestants
    ]


def _exports(
    exports: Sequence[Contestant],
    resampling: Resampling,
    marks: Scores,
    estimates: Mapping[str, Floats],
    scorer: Scorer,
    config: Evaluate,
) -> dict[str, Any]:
    """Name -> its numbers, and its paired difference to the student; or its size and why it failed."""
    found: dict[str, Any] = {}
    for one in exports:
        if one.failed is not None:
            found[one.name] = {"spec": one.spec, "failed": one.failed, "bytes": one.size.bytes}
            continue
        found[one.name] = describe(one, resampling, marks, estimates, scorer, config)
        found[one.name] |= {"minus_student": difference(resampling, estimates, one.name, STUDENT)}
    return found


def _divergence(resampling: Resampling, known: Mapping[str, Contestant]) -> dict[str, Any] | None:
    """From what the student was trained towards: the calibrated teacher where there is one."""
    teacher = known.get(CALIBRATED) or known.get(TEACHER)
    if teacher is None or STUDENT not in known:
        return None
    return divergence(resampling, teacher.answers, known[STUDENT].answers)


def _withheld(resampling: Resampling, marks: Scores) -> str | None:
    return too_few(resampling) if marks.scores else "no gold answer and no judge"


def too_few(resampling: Resampling) -> str | None:
    """Why so few rows allow no verdict; None where they do."""
    if resampling.size.rows < FEWEST_ROWS:
        return f"fewer than {FEWEST_ROWS} rows"
    return f"fewer than {FEWEST_ROWS} independent groups of rows" if resampling.size.groups < FEWEST_ROWS else None
