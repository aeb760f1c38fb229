"""Tables of other models beside the contestants: exports, earlier runs, general ability, fields of the JSON."""

from __future__ import annotations

from pipeline.display import wording
from pipeline.report.estimates import counted, difference, ratio
from pipeline.report.metrics import count_text
from pipeline.run.evaluation.contestants import GeneralTask, Summary, TaskScore
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation

EXPORT_TITLES = ("score", "95 % interval", "rows", "against the student", "latency p50", "weights on disk")
"""What is shown of each of the student's exports."""

GENERAL_TITLES = ("measure", "base", "student", "difference", "rows")
"""What is shown of each task of general ability."""

Cells = tuple[str, ...]


def exports(evaluation: Evaluation) -> dict[str, Cells]:
    """Returns name -> a text for each of EXPORT_TITLES; one that failed has its reason for a score, and dashes."""
    cells = {}
    for name, export in evaluation.exports.items():
        if export.summary is not None:
            cells[name] = _cells(export.summary, export.minus_student)
        else:
            weights = wording.large(export.bytes, "B")
            cells[name] = (f"failed: {export.failed}", *[wording.DASH] * 4, weights)
    return cells


def earlier(evaluation: Evaluation) -> dict[str, Cells]:
    """Returns the same of the students of earlier runs."""
    return {name: _cells(run.summary, run.minus_student) for name, run in evaluation.earlier.items()}


def _cells(summary: Summary, minus_student: Estimate | None) -> Cells:
    score, ends, rows = wording.DASH, wording.DASH, 0
    if summary.score is not None:
        score, ends = wording.share(summary.score.value), wording.interval(summary.score.interval)
        rows = summary.score.n or 0
    return (
        score,
        ends,
        wording.number(rows),
        difference(minus_student),
        counted(wording.seconds, summary.latency_p50_s),
        wording.large(summary.bytes, "B"),
    )


def general(evaluation: Evaluation) -> dict[str, Cells]:
    """Returns task -> a text for each of GENERAL_TITLES; scores with their standard errors."""
    return {name: _task(task) for name, task in evaluation.general.items()}


def _task(task: GeneralTask) -> Cells:
    return (
        task.metric,
        _with_error(task.base),
        _with_error(task.student),
        difference(task.difference),
        wording.number(task.difference.n),
    )


def _with_error(score: TaskScore) -> str:
    if score.stderr is None:
        return wording.share(score.value)
    return f"{wording.share(score.value)} ± {wording.share(score.stderr)}"


def field_scores(evaluation: Evaluation) -> dict[str, Cells]:
    """Returns field of the JSON -> how often each contestant has it right, with interval and rows."""
    summaries = list(evaluation.contestants.values())
    names: dict[str, None] = {}  # a set that keeps the order in which they come
    for summary in summaries:
        names |= dict.fromkeys(summary.field_scores)
    cells = {}
    for name in names:
        cells[name] = tuple(_field(summary.field_scores.get(name)) for summary in summaries)
    return cells


def _field(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.n:
        return ratio(estimate)
    return f"{ratio(estimate)}, {count_text(estimate.n)}"
