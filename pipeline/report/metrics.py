"""The lines of the comparison: which numbers are shown, under which names, in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.display import wording
from pipeline.report.headline import TITLES, UNDEFINED_GAP, Evaluation, comparisons

Summary = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class Metric:
    """One number of every contestant, by its key in the summary; its interval's key is that and `_ci95`."""

    key: str
    title: str
    show: Callable[[Any], str]
    brief: bool = False
    """Whether it is in the terminal's table too, not only on the page."""
    interval: str | None = None
    """The interval's key, where it is another one."""
    exact: bool = False
    """Counted, not estimated: it has no interval."""

    def ends(self, one: Summary) -> Sequence[float | None] | None:
        """The 95 % interval, where it is known; an end that the rows are too few for is None."""
        ends: Sequence[float | None] | None = one.get(self.interval or f"{self.key}_ci95")
        return ends

    def count(self, one: Summary) -> int | None:
        """The rows or calls that it is of; None where it is of none in particular, or not known."""
        if self.exact and self.key != "invalid":
            return None
        found: int | None = one.get(f"{self.key}_n", one.get(COUNTS.get(self.key, "score_rows")))
        if self.key == "ece":
            found = sum(part["rows"] for part in one.get("reliability") or []) or found
        return found


COUNTS = {"auc": "auc_rows"}
"""Where the count of a number is that is not of all scored rows."""


def _bytes(value: float | None) -> str:
    return wording.large(value, "B")


METRICS = (
    Metric("score", "score", wording.share, brief=True, interval="ci95"),
    Metric("ci95", "95 % interval", wording.interval, brief=True),
    Metric("macro_f1", "macro F1", wording.share),
    Metric("corpus_score", "score of the corpus", wording.share),
    Metric("auc", "AUC", wording.share, brief=True),
    Metric("ece", "calibration error (ECE)", wording.share),
    Metric("invalid", "invalid answers", wording.number, exact=True),
    Metric("prompt_tokens_mean", "prompt tokens per call", wording.mean, brief=True),
    Metric("output_tokens_mean", "output tokens per call", wording.mean),
    Metric("latency_p50_s", "latency p50", wording.seconds, brief=True),
    Metric("latency_p95_s", "latency p95", wording.seconds),
    Metric("in_flight", "requests in flight", wording.number, brief=True, exact=True),
    Metric("output_tokens_per_s", "output tokens per second", wording.mean),
    Metric("cost_per_1000_usd", "cost per 1,000 calls", wording.dollars),
    Metric("parameters", "parameters", wording.large, brief=True, exact=True),
    Metric("bytes", "weights on disk", _bytes, brief=True, exact=True),
)


def contestants(evaluation: Evaluation) -> dict[str, Summary]:
    """Title -> summary, of everyone who was compared."""
    return {title: evaluation[name] for name, title in TITLES.items() if evaluation.get(name)}


def known(evaluation: Evaluation) -> list[Metric]:
    """The metrics that at least one contestant has a number for."""
    everyone = contestants(evaluation).values()
    return [metric for metric in METRICS if any(one.get(metric.key) is not None for one in everyone)]


@dataclass(slots=True, frozen=True)
class Line:
    """A metric of everyone: each one's number with its interval and count, where it has its own."""

    title: str
    basis: str
    """`n = 173`, where it is the same for all; `exact` of a count; else ""."""
    cells: list[tuple[str, list[str]]]


def lines(evaluation: Evaluation) -> list[Line]:
    """The metrics with their intervals and counts; an interval is no line of its own here."""
    everyone = list(contestants(evaluation).values())
    return [_line(metric, everyone) for metric in known(evaluation) if metric.key != "ci95"]


def _line(metric: Metric, everyone: Sequence[Summary]) -> Line:
    measured = [one for one in everyone if one.get(metric.key) is not None]
    counts = {count for one in measured if (count := metric.count(one))}
    cells = []
    for one in everyone:
        own = _of(metric.count(one)) if len(counts) > 1 and one in measured else ""
        told = [wording.between(metric.show, metric.ends(one)), own]
        cells.append((metric.show(one.get(metric.key)), list(filter(None, told))))
    alike = _of(counts.pop()) if len(counts) == 1 else ""
    return Line(metric.title, ", ".join(filter(None, [alike, "exact" if metric.exact else ""])), cells)


def _of(count: int | None) -> str:
    return f"n{wording.GLUE}={wording.GLUE}{count:,}" if count else ""


EXPORT_TITLES = ("score", "95 % interval", "rows", "against the student", "latency p50", "weights on disk")
"""What is shown of each of the student's exports."""


def exports(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """Name -> a text for each of EXPORT_TITLES; one that failed has its reason for a score, and dashes."""
    return {name: _export(one) for name, one in (evaluation.get("exports") or {}).items()}


def earlier(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """The same of the students of earlier runs."""
    return {name: _export(one) for name, one in (evaluation.get("earlier") or {}).items()}


def _export(one: Summary) -> tuple[str, ...]:
    weights = wording.large(one.get("bytes"), "B")
    if one.get("failed"):
        return (f"failed: {one['failed']}", *[wording.DASH] * 4, weights)
    return (
        wording.share(one["score"]),
        wording.interval(one["ci95"]),
        wording.number(one.get("score_rows")),
        wording.difference(one.get("minus_student")),
        wording.counted(wording.seconds, one.get("latency_p50_s"), one.get("latency_p50_s_ci95"), None),
        weights,
    )


GENERAL_TITLES = ("measure", "base", "student", "difference", "rows")
"""What is shown of each task of general ability."""


def general(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """Task -> a text for each of GENERAL_TITLES; scores with their standard errors."""
    return {
        task: (
            one["metric"],
            *(_with_error(one[who]) for who in ("base", "student")),
            wording.difference(one["difference"]),
            wording.number(one["rows"]),
        )
        for task, one in (evaluation.get("general") or {}).items()
    }


def _with_error(found: Mapping[str, Any]) -> str:
    error = found.get("stderr")
    return wording.share(found["value"]) + (f" ± {wording.share(error)}" if isinstance(error, float) else "")


def field_scores(evaluation: Evaluation) -> dict[str, tuple[str, ...]]:
    """Field of the JSON -> how often each contestant has it right, with interval and rows."""
    everyone = list(contestants(evaluation).values())
    names = dict.fromkeys(name for one in everyone for name in one.get("field_scores") or {})
    return {name: tuple(_field(one, name) for one in everyone) for name in names}


def _field(one: Summary, name: str) -> str:
    value, ends, rows = ((one.get(f"field_scores{end}") or {}).get(name) for end in ("", "_ci95", "_n"))
    return wording.ratio(value, ends) + (f", {_of(rows)}" if rows else "")


def relations(evaluation: Evaluation) -> dict[str, str]:
    """How the student stands to the others: differences, retention, gap, agreement, with their intervals."""
    lines = {f"student against {name}": wording.difference(one) for name, one in comparisons(evaluation).items()}
    lines |= _ratios(evaluation, "")
    if evaluation.get("against_calibrated"):
        lines |= _ratios(evaluation["against_calibrated"], ", calibrated teacher")
    agreement = evaluation.get("agreement")
    if agreement:
        lines["agreement with what it was taught"] = wording.ratio(agreement["value"], agreement["ci95"])
    kl = evaluation.get("kl_from_teacher")
    if kl and kl["value"] is not None:
        rows = f", {wording.number(kl.get('rows'))} rows" if kl.get("rows") else ""
        lines["KL from the teacher, nats"] = wording.ratio(kl["value"], kl["ci95"]) + rows
    return lines


def _ratios(found: Mapping[str, Any], which: str) -> dict[str, str]:
    gap = found.get("gap_recovered")
    return {
        f"retention{which}": wording.ratio(found.get("retention"), found.get("retention_ci95")),
        f"gap recovered{which}": (
            UNDEFINED_GAP if gap is None else wording.ratio(gap, found.get("gap_recovered_ci95"))
        ),
    }


def stage_seconds(seconds: Mapping[str, float]) -> dict[str, str]:
    """Stage -> how long it took, of the stages that have ended."""
    return {stage: wording.seconds(took) for stage, took in seconds.items()}
