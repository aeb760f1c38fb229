"""The lines of the comparison: which numbers are shown, under which names, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.display import wording
from pipeline.report.headline import TITLES
from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation


@dataclass(slots=True, frozen=True)
class Metric:
    """One number of every contestant."""

    name: str
    """In comparison.csv."""
    title: str
    show: Callable[[Any], str]
    read: Callable[[Summary], Estimate | None]
    """Where it stands; what was counted is an estimate without an interval."""
    brief: bool = False
    """Whether it is in the terminal's table too, not only on the page."""
    exact: bool = False
    """Counted, not estimated: it has no interval."""


def _bytes(value: float | None) -> str:
    return wording.large(value, "B")


def _exact(value: int | None, n: int | None = None) -> Estimate | None:
    if value is None:
        return None
    return Estimate(value, None, n)


def _invalid(summary: Summary) -> Estimate | None:
    if summary.score is None:
        return None
    return _exact(summary.invalid, summary.score.n)


# Attributes by lambda and not by name: the type checker sees one that does not exist.
METRICS = (
    Metric("score", "score", wording.share, lambda summary: summary.score, brief=True),
    Metric("macro_f1", "macro F1", wording.share, lambda summary: summary.macro_f1),
    Metric("corpus_score", "score of the corpus", wording.share, lambda summary: summary.corpus_score),
    Metric("auc", "AUC", wording.share, lambda summary: summary.auc, brief=True),
    Metric("ece", "calibration error (ECE)", wording.share, lambda summary: summary.ece),
    Metric("invalid", "invalid answers", wording.number, _invalid, exact=True),
    Metric(
        "prompt_tokens_mean",
        "prompt tokens per call",
        wording.mean,
        lambda summary: summary.prompt_tokens_mean,
        brief=True,
    ),
    Metric("output_tokens_mean", "output tokens per call", wording.mean, lambda summary: summary.output_tokens_mean),
    Metric("latency_p50_s", "latency p50", wording.seconds, lambda summary: summary.latency_p50_s, brief=True),
    Metric("latency_p95_s", "latency p95", wording.seconds, lambda summary: summary.latency_p95_s),
    Metric(
        "in_flight",
        "requests in flight",
        wording.number,
        lambda summary: _exact(summary.in_flight),
        brief=True,
        exact=True,
    ),
    Metric(
        "output_tokens_per_s", "output tokens per second", wording.mean, lambda summary: summary.output_tokens_per_s
    ),
    Metric("cost_per_1000_usd", "cost per 1,000 calls", wording.dollars, lambda summary: summary.cost_per_1000_usd),
    Metric(
        "parameters", "parameters", wording.large, lambda summary: _exact(summary.parameters), brief=True, exact=True
    ),
    Metric("bytes", "weights on disk", _bytes, lambda summary: _exact(summary.bytes), brief=True, exact=True),
)


def contestants(evaluation: Evaluation) -> dict[str, Summary]:
    """Returns title -> summary, of everyone who was compared."""
    return {TITLES[name]: summary for name, summary in evaluation.contestants.items()}


def known(evaluation: Evaluation) -> list[Metric]:
    """Returns the metrics that at least one contestant has a number for."""
    metrics = []
    for metric in METRICS:
        # A line of dashes alone would say nothing.
        if any(metric.read(summary) is not None for summary in evaluation.contestants.values()):
            metrics.append(metric)
    return metrics


@dataclass(slots=True, frozen=True)
class Cell:
    """A contestant's number, and what stands behind it: its interval, and its count where it has its own."""

    value: str
    behind: list[str]


@dataclass(slots=True, frozen=True)
class Line:
    """A metric of everyone."""

    title: str
    basis: str
    """`n = 173`, where it is the same for all; `exact` of a count; else ""."""
    cells: list[Cell]


def lines(evaluation: Evaluation) -> list[Line]:
    """Returns the metrics with their intervals and counts."""
    summaries = list(evaluation.contestants.values())
    return [_line(metric, summaries) for metric in known(evaluation)]


def _line(metric: Metric, summaries: Sequence[Summary]) -> Line:
    estimates = [metric.read(summary) for summary in summaries]
    counts = {estimate.n for estimate in estimates if estimate is not None and estimate.n}
    basis = []
    if len(counts) == 1:  # the same for all: it is said once, beside the title
        basis.append(count_text(*counts))
    if metric.exact:
        basis.append("exact")
    cells = [_cell(metric, estimate, counted=len(counts) > 1) for estimate in estimates]
    return Line(metric.title, ", ".join(basis), cells)


def _cell(metric: Metric, estimate: Estimate | None, *, counted: bool) -> Cell:
    if estimate is None:
        return Cell(wording.DASH, [])
    behind = [wording.between(metric.show, estimate.ci95)]
    if counted and estimate.n:
        behind.append(count_text(estimate.n))
    return Cell(metric.show(estimate.value), list(filter(None, behind)))


def count_text(count: int) -> str:
    """Writes the rows or calls that a number is of: n = 173."""
    return f"n{wording.GLUE}={wording.GLUE}{count:,}"


def stage_seconds(seconds: Mapping[str, float]) -> dict[str, str]:
    """Returns stage -> how long it took, of the stages that have ended."""
    return {stage: wording.seconds(took) for stage, took in seconds.items()}
