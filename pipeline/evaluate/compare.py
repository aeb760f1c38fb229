"""The comparison: contestants' answers to the same rows -> evaluation.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.evaluate.auc import Floats
from pipeline.evaluate.bootstrap import Bootstrap, ci95, gap_recovered, retention
from pipeline.evaluate.config import Evaluate
from pipeline.evaluate.contestants import BASE, CALIBRATED, STUDENT, TEACHER, Contestant, Row
from pipeline.evaluate.examples import pick_examples
from pipeline.evaluate.scorers import Score, Scorer, scorer_for
from pipeline.evaluate.summary import rank, score_answers, summarise

Means = Mapping[str, Floats]
"""Name -> [1 + resamples]: the score on the rows themselves, then on every resample of them."""


def compare(
    rows: Sequence[Row],
    contestants: Sequence[Contestant],
    config: Evaluate,
    left_out: Mapping[str, int],
    exports: Sequence[Contestant] = (),
) -> dict[str, Any]:
    """What evaluation.json holds. Numbers that need an absent contestant, or that do not exist, are null.

    `exports`, forms of the student, stand under a key of their own, where there are any.
    """
    scorer = scorer_for(config)
    bootstrap = Bootstrap([row.group or row.prompt_id for row in rows], config.resamples, config.seed)
    scores = {one.name: score_answers(rows, one.answers, scorer) for one in contestants}
    means = _means(bootstrap, {name: [score.value for score in marks] for name, marks in scores.items()})
    summaries = {one.name: summarise(one, scores[one.name], means[one.name][1:]) for one in contestants}
    if config.labels is not None and len(config.labels) == 2:
        for one in contestants:
            summaries[one.name] |= rank(rows, one.answers, scorer, config.labels[0], bootstrap)
    return {
        "scorer": config.scorer,
        "rows": len(rows),
        "groups": bootstrap.groups,
        "resamples": config.resamples,
        "seed": config.seed,
        **summaries,
        "student_minus_base": _difference(means, STUDENT, BASE),
        **_against(means, TEACHER),
        "against_calibrated": _against(means, CALIBRATED) if CALIBRATED in means else None,
        "agreement": _agreement(rows, contestants, scorer, bootstrap),
        "left_out": dict(left_out),
        "examples": pick_examples(rows, contestants, scores),
        **({"exports": _exports(rows, exports, scorer, bootstrap, scores.get(STUDENT))} if exports else {}),
    }


def _exports(
    rows: Sequence[Row],
    exports: Sequence[Contestant],
    scorer: Scorer,
    bootstrap: Bootstrap,
    student: Sequence[Score] | None,
) -> dict[str, Any]:
    """Name -> its numbers, and its paired difference to the student; or its size and why it failed."""
    found: dict[str, Any] = {}
    for one in exports:
        if one.failed is not None:
            found[one.name] = {"spec": one.spec, "failed": one.failed, "bytes": one.size.bytes}
            continue
        marks = score_answers(rows, one.answers, scorer)
        columns = {one.name: marks} if student is None else {one.name: marks, STUDENT: list(student)}
        means = _means(bootstrap, {name: [score.value for score in column] for name, column in columns.items()})
        found[one.name] = summarise(one, marks, means[one.name][1:])
        found[one.name] |= {"minus_student": _difference(means, one.name, STUDENT)}
    return found


def _means(bootstrap: Bootstrap, scores: Mapping[str, list[float]]) -> dict[str, Floats]:
    scores_NK = np.array(list(scores.values())).T
    stacked = np.vstack([scores_NK.mean(axis=0), bootstrap.means(scores_NK)])
    return {name: stacked[:, index] for index, name in enumerate(scores)}


def _against(means: Means, teacher: str) -> dict[str, Any]:
    """The student measured against one reading of its teacher."""
    return {
        "student_minus_teacher": _difference(means, STUDENT, teacher),
        **_named("retention", _retention(means, teacher)),
        **_named("gap_recovered", _gap_recovered(means, teacher)),
    }


def _difference(means: Means, one: str, other: str) -> dict[str, Any] | None:
    if one not in means or other not in means:
        return None
    difference = means[one] - means[other]
    return {"value": float(difference[0]), "ci95": ci95(difference[1:])}


def _retention(means: Means, teacher: str) -> Floats | None:
    if STUDENT not in means or teacher not in means:
        return None
    return retention(means[STUDENT], means[teacher])


def _gap_recovered(means: Means, teacher: str) -> Floats | None:
    """None too where the teacher's lead over the base is not clearly positive (its interval reaches 0).

    The ratio would then divide by noise: a lead of one row makes any student recover "1200 %" of it.
    """
    lead = _difference(means, teacher, BASE)
    if STUDENT not in means or lead is None or lead["ci95"][0] <= 0:
        return None
    return gap_recovered(means[STUDENT], means[BASE], means[teacher])


def _named(name: str, ratio: Floats | None) -> dict[str, Any]:
    """A ratio as a plain number or null, its interval beside it."""
    if ratio is None or not np.isfinite(ratio[0]):
        return {name: None, f"{name}_ci95": None}
    return {name: float(ratio[0]), f"{name}_ci95": ci95(ratio[1:])}


def _agreement(
    rows: Sequence[Row], contestants: Sequence[Contestant], scorer: Scorer, bootstrap: Bootstrap
) -> dict[str, Any] | None:
    """How often the student says what it was trained towards; an empty answer agrees with nothing."""
    student = next((one for one in contestants if one.name == STUDENT), None)
    if student is None:
        return None
    pairs = [
        (scorer.normal(answer.text), scorer.normal(row.completion))
        for row, answer in zip(rows, student.answers, strict=True)
    ]
    equal = _means(bootstrap, {"agreement": [float(bool(mine) and mine == theirs) for mine, theirs in pairs]})
    return {"value": float(equal["agreement"][0]), "ci95": ci95(equal["agreement"][1:])}
