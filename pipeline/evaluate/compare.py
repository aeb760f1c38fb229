"""The comparison: contestants' answers to the same rows -> evaluation.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.evaluate.auc import Floats
from pipeline.evaluate.basis import Basis
from pipeline.evaluate.config import Evaluate
from pipeline.evaluate.contestants import BASE, CALIBRATED, STUDENT, TEACHER, Contestant, Row
from pipeline.evaluate.details import details
from pipeline.evaluate.examples import pick_examples, pick_regressions
from pipeline.evaluate.marks import Marks, mark, pick
from pipeline.evaluate.probabilities import calibration, divergence, rank
from pipeline.evaluate.relations import Estimates, against, agreement, difference
from pipeline.evaluate.scorers import Scorer, scorer_for
from pipeline.evaluate.scorers.settings import settings_of
from pipeline.evaluate.slices import slices
from pipeline.evaluate.summary import summarise

FEWEST_ROWS = 30
"""With fewer, an interval is shown and no verdict is given."""


def compare(
    rows: Sequence[Row],
    contestants: Sequence[Contestant],
    config: Evaluate,
    left_out: Mapping[str, int],
    exports: Sequence[Contestant] = (),
    marks: Marks | None = None,
) -> dict[str, Any]:
    """What evaluation.json holds. Numbers that need an absent contestant, or that do not exist, are null.

    `exports`, forms of the student, stand under a key of their own, where there are any. Rows that the scorer failed on
    count for nobody. Without `marks` everyone is scored here.
    """
    everyone = [*contestants, *(one for one in exports if one.failed is None)]
    marks = mark(rows, everyone, config) if marks is None else marks
    places = marks.counted(rows)
    basis, scorer = Basis(pick(rows, places), config), scorer_for(config)
    seen, seen_exports = _only(contestants, places), _only(exports, places)
    counted = marks.only(places)
    estimates = {name: basis.mean([score.value for score in column]) for name, column in counted.scores.items()}
    known = {one.name: one for one in seen}
    return {
        "scorer": config.scorer,
        "scoring": settings_of(config),
        "rows": len(rows),
        "groups": basis.bootstrap.groups,
        "resamples": config.resamples,
        "seed": config.seed,
        **{one.name: describe(one, basis, counted, estimates, scorer, config) for one in seen},
        "student_minus_base": difference(basis, estimates, STUDENT, BASE),
        **against(basis, estimates, TEACHER),
        "against_calibrated": against(basis, estimates, CALIBRATED) if CALIBRATED in known else None,
        "agreement": agreement(basis, known.get(STUDENT), scorer),
        "kl_from_teacher": _divergence(basis, known),
        "slices": slices(basis, counted.scores, config, [one.name for one in seen]),
        "left_out": dict(left_out),
        "scorer_failed": marks.failures(rows),
        "verdict_withheld": _withheld(basis, counted),
        "examples": pick_examples(basis.rows, seen, counted.scores),
        "regressions": pick_regressions(basis.rows, seen, counted.scores),
        **({"judge": marks.judge} if marks.judge is not None else {}),
        **({"exports": _exports(seen_exports, basis, counted, estimates, scorer, config)} if exports else {}),
    }


def describe(
    one: Contestant, basis: Basis, marks: Marks, estimates: Estimates, scorer: Scorer, config: Evaluate
) -> dict[str, Any]:
    """Everything about one contestant alone."""
    scores = marks.scores.get(one.name)
    found = summarise(one, scores, estimates.get(one.name), basis)
    if scores is None:
        return found
    has_gold = all(row.gold is not None for row in basis.rows)
    if has_gold:
        found |= details(basis, one.answers, scorer)
    if has_gold and config.labels is not None and len(config.labels) == 2:
        found |= rank(basis, one.answers, scorer, config.labels[0])
    return found | calibration(basis, one.answers, scores)


def _only(contestants: Sequence[Contestant], places: Sequence[int]) -> list[Contestant]:
    return [
        one if one.failed is not None else replace(one, answers=tuple(pick(one.answers, places))) for one in contestants
    ]


def _exports(
    exports: Sequence[Contestant],
    basis: Basis,
    marks: Marks,
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
        found[one.name] = describe(one, basis, marks, estimates, scorer, config)
        found[one.name] |= {"minus_student": difference(basis, estimates, one.name, STUDENT)}
    return found


def _divergence(basis: Basis, known: Mapping[str, Contestant]) -> dict[str, Any] | None:
    """From what the student was trained towards: the calibrated teacher where there is one."""
    teacher = known.get(CALIBRATED) or known.get(TEACHER)
    if teacher is None or STUDENT not in known:
        return None
    return divergence(basis, teacher.answers, known[STUDENT].answers)


def _withheld(basis: Basis, marks: Marks) -> str | None:
    return too_few(basis) if marks.scores else "no gold answer and no judge"


def too_few(basis: Basis) -> str | None:
    """Why so few rows allow no verdict; None where they do."""
    if basis.size.rows < FEWEST_ROWS:
        return f"fewer than {FEWEST_ROWS} rows"
    return f"fewer than {FEWEST_ROWS} independent groups of rows" if basis.size.groups < FEWEST_ROWS else None
