"""The page's numbers as Markdown: what a pull request or a wiki shows."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.display.wording import cut
from pipeline.report import forms, metrics
from pipeline.report.cascade import cascade_facts
from pipeline.report.checks import checks
from pipeline.report.economy import prices
from pipeline.report.funnel import funnel
from pipeline.report.lineage import command
from pipeline.report.page import ReportInputs, error_of
from pipeline.report.recommendation import recommend
from pipeline.report.standing import relation_lines
from pipeline.run.counts import CurateCounts
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.manifest import counts_of

SPECIAL = re.compile(r"[\\`*_\[\]|~@$^]|^[-+#=]|:(?=//)|(?<=www)\.", re.IGNORECASE)
MAX_CHARS = 300
"""Longest text of a cell, in characters."""


def render_markdown(run: ReportInputs) -> str:
    """Writes the recommendation and the tables of the page.

    Whatever a model or a row wrote is escaped: neither markup nor a link.
    """
    evaluation = run.evaluation
    advice = recommend(evaluation, run.config.margin, error_of(run.stages, "evaluate"))
    lines = [f"# {escape(run.name)}", "", escape(advice.sentence), ""]
    if advice.basis:
        lines += [escape(advice.basis), ""]
    if evaluation is not None:
        lines += [*_comparison(evaluation), *_source(f"{evaluation.rows:,} held-out prompts", "evaluate", run.place)]
    lines += _samples(run)
    return "\n".join(lines).rstrip() + "\n"


def escape(value: str) -> str:
    """Returns text that Markdown shows as it is, on one line: no mark, no HTML, no address that becomes a link."""
    # Quotes stay: they begin nothing outside of a tag, and no tag is left.
    plain = html.escape(" ".join(cut(value, MAX_CHARS).split()), quote=False)
    return SPECIAL.sub(r"\\\g<0>", plain)


def _comparison(evaluation: Evaluation) -> Iterator[str]:
    everyone = metrics.contestants(evaluation)
    rows = [[line.title, line.basis, *map(_cell, line.cells)] for line in metrics.lines(evaluation)]
    yield from ("## Comparison", "", *table(["", "of", *everyone], rows), "")
    for title, facts in _facts(evaluation):
        if facts:
            yield from (f"## {title}", "", *table(["", ""], facts.items()), "")
    for title, models in (("Exports", forms.exports(evaluation)), ("Earlier runs", forms.earlier(evaluation))):
        if models:
            cells = [[name, *texts] for name, texts in models.items()]
            yield from (f"## {title}", "", *table(["", *forms.EXPORT_TITLES], cells), "")


def _cell(cell: metrics.Cell) -> str:
    if not cell.behind:
        return cell.value
    return f"{cell.value} ({'; '.join(cell.behind)})"


def _facts(evaluation: Evaluation) -> Iterator[tuple[str, dict[str, str]]]:
    yield "How the student stands", relation_lines(evaluation)
    yield "Checks", checks(evaluation)
    if evaluation.economics is not None:
        yield "Cost", prices(evaluation.economics)
    if evaluation.cascade is not None:
        yield "Cascade", cascade_facts(evaluation.cascade)


def _samples(run: ReportInputs) -> list[str]:
    bars = funnel(counts_of(run.stages, CurateCounts))
    if not bars:
        return []
    rows = [[bar.label, bar.reason.replace("_", " "), f"{bar.count:,}"] for bar in bars]
    counted = _source(f"{bars[0].count:,} samples, counted", "curate", run.place)
    return ["## Where every sample went", "", *table(["step", "reason", "samples"], rows), "", *counted]


def _source(basis: str, stage: str, place: str) -> list[str]:
    """Says what the tables above it are of, and the command that gives them."""
    return [f"{basis}:", "", f"    {command(stage, place)}", ""]


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yields a table of escaped cells; all columns but the first are aligned to the right."""
    yield _line(titles)
    yield "|" + "|".join(["---", *("--:" for _ in titles[1:])]) + "|"
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escape, cells)) + " |"
