"""comparison.csv: the evaluation's numbers, one a line, for a spreadsheet.

A spreadsheet runs a cell that begins with =, +, -, @, a tab or a line's end as a formula
(https://owasp.org/www-community/attacks/CSV_Injection): text that does is written after an apostrophe. Numbers are
numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.report import metrics
from pipeline.report.headline import Evaluation, comparisons

COLUMNS = ("who", "measure", "value", "ci95_low", "ci95_high", "n", "kind")
"""`n`: the rows or calls it is of; `kind`: estimate, or exact for what was counted and has no interval."""
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a formula begins, in full width too: some spreadsheets take these alike."""

Line = tuple[str, str, float | None, float | None, float | None, int | None, str]


def render_csv(evaluation: Evaluation) -> str:
    """The table as text; an unknown number is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    for line in lines(evaluation):
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in line])
    return out.getvalue()


def safe(text: str) -> str:
    """Text that no spreadsheet runs: what begins like a formula, after spaces too, gets an apostrophe before it."""
    return f"'{text}" if text.lstrip(" \u00a0\ufeff\u200b").startswith(FORMULA) else text


def lines(evaluation: Evaluation) -> Iterator[Line]:
    """Contestants, exports and earlier runs by metric; then differences, ratios, slices, speeds and prices."""
    rows = evaluation["rows"]
    everyone = dict(metrics.contestants(evaluation))
    everyone |= {f"export {name}": one for name, one in (evaluation.get("exports") or {}).items()}
    everyone |= {f"earlier {name}": one for name, one in (evaluation.get("earlier") or {}).items()}
    for who, one in everyone.items():
        for metric in metrics.METRICS:
            if metric.key != "ci95" and (value := one.get(metric.key)) is not None:
                yield _line(who, metric.key, value, metric.ends(one), metric.count(one), exact=metric.exact)
        if found := one.get("minus_student"):
            yield _line(who, "difference to the student", found["value"], found["ci95"], rows)
    for name, found in comparisons(evaluation).items():
        yield _line("student", f"difference to {name}", found["value"], found["ci95"], rows)
    yield from _ratios(evaluation)
    yield from _slices(evaluation.get("slices") or {})
    yield from _economics(evaluation.get("economics") or {})


def _line(
    who: str, measure: str, value: Any, ci95: Sequence[float | None] | None, count: int | None, *, exact: bool = False
) -> Line:
    low, high = ci95 or (None, None)
    return who, measure, value, low, high, count, "exact" if exact else "estimate"


def _ratios(evaluation: Evaluation) -> Iterator[Line]:
    rows = evaluation["rows"]
    for name in ("retention", "gap_recovered"):
        if evaluation.get(name) is not None:
            yield _line("student", name, evaluation[name], evaluation.get(f"{name}_ci95"), rows)
    for name in ("agreement", "kl_from_teacher"):
        found = evaluation.get(name)
        if found and found["value"] is not None:
            yield _line("student", name, found["value"], found["ci95"], found.get("rows") or rows)


def _slices(slices: Mapping[str, Any]) -> Iterator[Line]:
    for field, values in slices.items():
        for value, one in values.items():
            for who, found in one.items():
                if isinstance(found, Mapping):
                    score = found.get("score", found.get("value"))
                    yield _line(who, f"{field} = {value}", score, found.get("ci95"), one["rows"])


def _economics(economics: Mapping[str, Any]) -> Iterator[Line]:
    """Speeds by requests in flight, prices, break-even volumes and memory; what is not known has no line."""
    student = economics.get("student") or {}
    for load in student.get("loads") or []:
        calls, at = load["requests"] - load["failed"], f"at {load['concurrency']} in flight"
        for key in ("calls_per_s", "output_tokens_per_s", "latency_p50_s", "latency_p95_s"):
            if load.get(key) is not None:
                yield _line("student", f"{key} {at}", load[key], load.get(f"{key}_ci95"), calls)
    parts = {who: economics.get(who) or {} for who in ("student", "cascade")}
    parts["student"] = parts["student"] | {
        key: economics[key] for key in economics if key.startswith("break_even_calls")
    }
    for who, one in parts.items():
        for key in ("cost_per_1000_usd", "calls_per_hour", "busy_calls_per_hour", "break_even_calls"):
            if one.get(key) is not None:
                yield _line(who, f"economics {key}", one[key], one.get(f"{key}_ci95"), one.get("calls_per_hour_n"))
        for key in ("peak_memory_bytes", "peak_gpu_bytes"):
            if one.get(key) is not None:
                yield _line(who, f"economics {key}", one[key], None, None, exact=True)
