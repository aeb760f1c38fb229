"""comparison.csv: the evaluation's numbers, one a line, for a spreadsheet.

A spreadsheet runs a cell that begins with =, +, -, @, a tab or a line's end as a formula
(https://owasp.org/www-community/attacks/CSV_Injection): text that does is written after an apostrophe. Numbers are
numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Literal

from pipeline.report import metrics
from pipeline.report.headline import differences
from pipeline.run.evaluation import STUDENT
from pipeline.run.evaluation.contestants import Slice, Summary
from pipeline.run.evaluation.costs import Economics
from pipeline.run.evaluation.estimate import Estimate, Number
from pipeline.run.evaluation.record import Evaluation

COLUMNS = ("who", "measure", "value", "ci95_low", "ci95_high", "n", "kind")
"""`n`: the rows or calls it is of; `kind`: estimate, or exact for what was counted and has no interval."""
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a formula begins, in full width too: some spreadsheets take these alike."""


@dataclass(slots=True, frozen=True)
class Line:
    """A line of the file."""

    who: str
    measure: str
    value: Number
    ci95_low: Number | None
    ci95_high: Number | None
    n: int | None
    kind: Literal["estimate", "exact"] = "estimate"


def render_csv(evaluation: Evaluation | None) -> str:
    """Writes the table; an unknown number is an empty cell. Without an evaluation there is the head alone."""
    out = io.StringIO()
    # A spreadsheet on Windows wants the line ends that the standard asks for.
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    if evaluation is not None:
        for line in lines(evaluation):
            writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in astuple(line)])
    return out.getvalue()


def safe(text: str) -> str:
    """Returns text that no spreadsheet runs: what begins like a formula, after spaces too, gets an apostrophe."""
    if text.lstrip(" \u00a0\ufeff\u200b").startswith(FORMULA):
        return f"'{text}"
    return text


def lines(evaluation: Evaluation) -> Iterator[Line]:
    """Yields contestants, exports and earlier runs by metric; then differences, ratios, slices, speeds and prices."""
    for who, summary in metrics.contestants(evaluation).items():
        yield from _summary(who, summary)
    for name, export in evaluation.exports.items():
        if export.summary is not None:
            yield from _form(f"export {name}", export.summary, export.minus_student)
        elif export.bytes is not None:
            yield Line(f"export {name}", "bytes", export.bytes, None, None, None, "exact")
    for name, run in evaluation.earlier.items():
        yield from _form(f"earlier {name}", run.summary, run.minus_student)
    for name, estimate in differences(evaluation).items():
        yield _estimate(STUDENT, f"difference to {name}", estimate)
    yield from _ratios(evaluation)
    yield from _slices(evaluation.slices)
    if evaluation.economics is not None:
        yield from _economics(evaluation.economics)


def _form(who: str, summary: Summary, minus_student: Estimate | None) -> Iterator[Line]:
    yield from _summary(who, summary)
    if minus_student is not None:
        yield _estimate(who, "difference to the student", minus_student)


def _summary(who: str, summary: Summary) -> Iterator[Line]:
    for metric in metrics.METRICS:
        estimate = metric.read(summary)
        if estimate is None:
            continue
        if metric.exact:
            yield Line(who, metric.name, estimate.value, None, None, estimate.n, "exact")
        else:
            yield _estimate(who, metric.name, estimate)


def _estimate(who: str, measure: str, estimate: Estimate) -> Line:
    low, high = estimate.ci95 or (None, None)
    return Line(who, measure, estimate.value, low, high, estimate.n)


def _known(who: str, estimates: Mapping[str, Estimate | None]) -> Iterator[Line]:
    """Yields the estimates that there are, by measure."""
    for measure, estimate in estimates.items():
        if estimate is not None:
            yield _estimate(who, measure, estimate)


def _ratios(evaluation: Evaluation) -> Iterator[Line]:
    yield from _known(
        STUDENT,
        {
            "retention": evaluation.against_teacher.retention,
            "gap_recovered": evaluation.against_teacher.gap_recovered,
            "agreement": evaluation.agreement,
            "kl_from_teacher": evaluation.kl_from_teacher,
        },
    )


def _slices(slices: Mapping[str, Mapping[str, Slice]]) -> Iterator[Line]:
    for column, values in slices.items():
        for value, part in values.items():
            measure = f"{column} = {value}"
            for who, score in part.scores.items():
                yield _estimate(who, measure, score)
            if part.student_minus_teacher is not None:
                yield _estimate("student_minus_teacher", measure, part.student_minus_teacher)


def _economics(economics: Economics) -> Iterator[Line]:
    """Yields speeds by requests in flight, prices, break-even volumes and memory; what is not known has no line."""
    student = economics.student
    for load in student.loads:
        speeds = {
            "calls_per_s": load.calls_per_s,
            "output_tokens_per_s": load.output_tokens_per_s,
            "latency_p50_s": load.latency_p50_s,
            "latency_p95_s": load.latency_p95_s,
        }
        yield from _known(STUDENT, {f"{name} at {load.concurrency} in flight": speed for name, speed in speeds.items()})
    prices = {
        "economics cost_per_1000_usd": student.cost_per_1000_usd,
        "economics calls_per_hour": student.calls_per_hour,
        "economics busy_calls_per_hour": student.busy_calls_per_hour,
        "economics break_even_calls": economics.break_even.calls,
    }
    calls = None
    if student.calls_per_hour is not None:
        calls = student.calls_per_hour.n
    for line in _known(STUDENT, prices):
        # Whatever else goes into them, they rest on so many timed calls of the student.
        yield replace(line, n=calls)
    memory = {"peak_memory_bytes": student.peak_memory_bytes, "peak_gpu_bytes": student.peak_gpu_bytes}
    for name, value in memory.items():
        if value is not None:
            yield Line(STUDENT, f"economics {name}", value, None, None, None, "exact")
    if economics.cascade is not None:
        yield from _known(
            "cascade",
            {
                "economics cost_per_1000_usd": economics.cascade.cost_per_1000_usd,
                "economics break_even_calls": economics.cascade.break_even.calls,
            },
        )
