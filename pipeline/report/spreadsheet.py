"""comparison.csv: the evaluation's numbers, one a line, for a spreadsheet.

A spreadsheet runs a cell that begins with =, +, -, @, a tab or a line's end as a formula
(https://owasp.org/www-community/attacks/CSV_Injection): text that does is written after an apostrophe. Numbers are
numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.report import metrics
from pipeline.report.verdict import Evaluation, comparisons

COLUMNS = ("who", "measure", "value", "ci95_low", "ci95_high", "rows")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a formula begins, in full width too: some spreadsheets take these alike."""

Line = tuple[str, str, float | None, float | None, float | None, int | None]


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
    """Contestants, exports and earlier runs by metric; then differences, ratios and slices."""
    rows = evaluation["rows"]
    everyone = dict(metrics.contestants(evaluation))
    everyone |= {f"export {name}": one for name, one in (evaluation.get("exports") or {}).items()}
    everyone |= {f"earlier {name}": one for name, one in (evaluation.get("earlier") or {}).items()}
    for who, one in everyone.items():
        for metric in metrics.METRICS:
            if metric.key != "ci95" and one.get(metric.key) is not None:
                yield who, metric.key, one[metric.key], *_ends(metric.ends(one)), one.get("score_rows") or rows
        if found := one.get("minus_student"):
            yield who, "difference to the student", found["value"], *_ends(found["ci95"]), rows
    for name, found in comparisons(evaluation).items():
        yield "student", f"difference to {name}", found["value"], *_ends(found["ci95"]), rows
    yield from _ratios(evaluation)
    yield from _slices(evaluation.get("slices") or {})


def _ratios(evaluation: Evaluation) -> Iterator[Line]:
    for name in ("retention", "gap_recovered"):
        if evaluation.get(name) is not None:
            yield "student", name, evaluation[name], *_ends(evaluation.get(f"{name}_ci95")), evaluation["rows"]
    for name in ("agreement", "kl_from_teacher"):
        found = evaluation.get(name)
        if found and found["value"] is not None:
            yield "student", name, found["value"], *_ends(found["ci95"]), found.get("rows") or evaluation["rows"]


def _slices(slices: Mapping[str, Any]) -> Iterator[Line]:
    for field, values in slices.items():
        for value, one in values.items():
            for who, found in one.items():
                if isinstance(found, Mapping):
                    score = found.get("score", found.get("value"))
                    yield who, f"{field} = {value}", score, *_ends(found.get("ci95")), one["rows"]


def _ends(ci95: Any) -> tuple[float | None, float | None]:
    return (None, None) if ci95 is None else (ci95[0], ci95[1])
