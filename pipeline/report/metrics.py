"""The lines of the comparison: which numbers are shown, under which names, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.report import wording
from pipeline.report.verdict import TITLES, UNDEFINED_GAP, Evaluation, comparisons

Summary = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class Metric:
    """One number of every contestant."""

    title: str
    brief: bool
    """Whether it is in the terminal's table too, not only on the page."""
    show: Callable[[Summary], str]


METRICS = (
    Metric("score", True, lambda one: wording.share(one["score"])),
    Metric("95 % interval", True, lambda one: wording.interval(one["ci95"])),
    Metric("AUC", True, lambda one: wording.share(one.get("auc"))),
    Metric("rows with log-odds", False, lambda one: wording.number(one.get("auc_rows"))),
    Metric("invalid answers", False, lambda one: wording.number(one.get("invalid"))),
    Metric("prompt tokens per call", True, lambda one: wording.number(one["prompt_tokens_mean"])),
    Metric("output tokens per call", False, lambda one: wording.number(one.get("output_tokens_mean"))),
    Metric("latency p50", True, lambda one: wording.seconds(one["latency_p50_s"])),
    Metric("latency p95", False, lambda one: wording.seconds(one.get("latency_p95_s"))),
    Metric("requests in flight", True, lambda one: wording.number(one.get("in_flight"))),
    Metric("output tokens per second", False, lambda one: wording.number(one.get("output_tokens_per_s"))),
    Metric("cost per 1,000 calls", False, lambda one: wording.dollars(one.get("cost_per_1000_usd"))),
    Metric("parameters", True, lambda one: wording.large(one["parameters"])),
    Metric("weights on disk", True, lambda one: wording.large(one["bytes"], "B")),
)


def contestants(evaluation: Evaluation) -> dict[str, Summary]:
    """Title -> summary, of everyone who was compared."""
    return {title: evaluation[name] for name, title in TITLES.items() if evaluation.get(name)}


def known(evaluation: Evaluation) -> list[Metric]:
    """The metrics that at least one contestant has a number for."""
    everyone = contestants(evaluation).values()
    return [metric for metric in METRICS if any(metric.show(one) != wording.DASH for one in everyone)]


EXPORT_TITLES = ("score", "95 % interval", "against the student", "latency p50", "weights on disk")
"""What is shown of each of the student's exports."""


def exports(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """Name -> a text for each of EXPORT_TITLES; one that failed has its reason for a score, and dashes."""
    return {name: _export(one) for name, one in (evaluation.get("exports") or {}).items()}


def _export(one: Summary) -> tuple[str, ...]:
    weights = wording.large(one["bytes"], "B")
    if one.get("failed"):
        return (f"failed: {one['failed']}", wording.DASH, wording.DASH, wording.DASH, weights)
    difference = one.get("minus_student")
    return (
        wording.share(one["score"]),
        wording.interval(one["ci95"]),
        wording.DASH if difference is None else wording.difference(difference),
        wording.seconds(one["latency_p50_s"]),
        weights,
    )


def relations(evaluation: Evaluation) -> dict[str, str]:
    """How the student stands to the others: differences, retention, gap, agreement, with their intervals."""
    lines = {f"student against {name}": wording.difference(one) for name, one in comparisons(evaluation).items()}
    lines |= _ratios(evaluation, "")
    if evaluation.get("against_calibrated"):
        lines |= _ratios(evaluation["against_calibrated"], ", calibrated teacher")
    agreement = evaluation.get("agreement")
    if agreement:
        lines["agreement with what it was taught"] = wording.ratio(agreement["value"], agreement["ci95"])
    return lines


def _ratios(found: Mapping[str, Any], which: str) -> dict[str, str]:
    gap = found.get("gap_recovered")
    return {
        f"retention{which}": wording.ratio(found.get("retention"), found.get("retention_ci95")),
        f"gap recovered{which}": (
            UNDEFINED_GAP if gap is None else wording.ratio(gap, found.get("gap_recovered_ci95"))
        ),
    }


def stage_seconds(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Stage -> how long it took, of the stages that have ended."""
    stages = manifest.get("stages", {})
    return {name: wording.seconds(one["seconds"]) for name, one in stages.items() if one.get("seconds") is not None}
