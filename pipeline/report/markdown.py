"""The page's numbers as Markdown: what a pull request or a wiki shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.display.wording import cut
from pipeline.report import metrics
from pipeline.report.cascade import cascade_facts
from pipeline.report.checks import checks
from pipeline.report.economy import prices
from pipeline.report.funnel import funnel
from pipeline.report.lineage import command
from pipeline.report.page import ReportInputs, error_of
from pipeline.report.recommendation import rule
from pipeline.run.counts import CurateCounts
from pipeline.run.manifest import counts_of

SPECIAL = re.compile(r"[\\`*_\[\]|~@$^]|^[-+#=]|:(?=//)|(?<=www)\.", re.IGNORECASE)
MAX_CHARS = 300
"""Longest text of a cell, in characters."""


def render_markdown(run: ReportInputs) -> str:
    """The ruling and the tables of the page. Whatever a model or a row wrote is escaped: neither markup nor a link."""
    evaluation = run.evaluation or {}
    ruling = rule(run.evaluation, run.config.margin, error_of(run.stages, "evaluate"))
    lines = [f"# {escape(run.name)}", "", escape(ruling.sentence), ""]
    lines += [escape(ruling.basis), ""] if ruling.basis else []
    if evaluation:
        lines += [*_comparison(evaluation), *_source(f"{evaluation['rows']:,} held-out prompts", "evaluate", run.place)]
    lines += _samples(run)
    return "\n".join(lines).rstrip() + "\n"


def escape(value: str) -> str:
    """Text that Markdown shows as it is, on one line: no mark, no HTML, and no address that becomes a link."""
    plain = html.escape(" ".join(cut(value, MAX_CHARS).split()), quote=False)
    return SPECIAL.sub(r"\\\g<0>", plain)


def _comparison(evaluation: Mapping[str, Any]) -> Iterator[str]:
    everyone = metrics.contestants(evaluation)
    rows = [[line.title, line.basis, *map(_cell, line.cells)] for line in metrics.lines(evaluation)]
    yield from ("## Comparison", "", *table(["", "of", *everyone], rows), "")
    for title, found in _facts(evaluation):
        if found:
            yield from (f"## {title}", "", *table(["", ""], found.items()), "")
    for title, forms in (("Exports", metrics.exports(evaluation)), ("Earlier runs", metrics.earlier(evaluation))):
        if forms:
            forms_rows = [[name, *cells] for name, cells in forms.items()]
            yield from (f"## {title}", "", *table(["", *metrics.EXPORT_TITLES], forms_rows), "")


def _cell(cell: tuple[str, list[str]]) -> str:
    value, behind = cell
    return f"{value} ({'; '.join(behind)})" if behind else value


def _facts(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    yield "How the student stands", metrics.relations(evaluation)
    yield "Checks", checks(evaluation)
    yield "Cost", prices(evaluation)
    yield "Cascade", cascade_facts(evaluation.get("cascade") or {})


def _samples(run: ReportInputs) -> list[str]:
    bars = funnel(counts_of(run.stages, CurateCounts))
    if not bars:
        return []
    rows = [[bar.label, bar.reason.replace("_", " "), f"{bar.count:,}"] for bar in bars]
    counted = _source(f"{bars[0].count:,} samples, counted", "curate", run.place)
    return ["## Where every sample went", "", *table(["step", "reason", "samples"], rows), "", *counted]


def _source(basis: str, stage: str, place: str) -> list[str]:
    """What the tables above it are of, and the command that gives them."""
    return [f"{basis}:", "", f"    {command(stage, place)}", ""]


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of escaped cells; all columns but the first are aligned to the right."""
    yield _line(titles)
    yield "|" + "|".join(["---", *("--:" for _ in titles[1:])]) + "|"
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escape, cells)) + " |"
