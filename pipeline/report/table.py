"""The comparison as a table for the terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.display import wording
from pipeline.display.wording import DASH, GLUE
from pipeline.report.forms import EXPORT_TITLES, exports
from pipeline.report.headline import headline
from pipeline.report.metrics import Metric, contestants, known, stage_seconds
from pipeline.report.standing import relation_lines
from pipeline.run.evaluation.contestants import Summary
from pipeline.run.evaluation.record import Evaluation

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

PLAIN_WIDTH = 120


def render_table(
    evaluation: Evaluation, seconds: Mapping[str, float], *, width: int = PLAIN_WIDTH, terminal: bool = False
) -> str:
    """Returns teacher, base and student side by side, then how they relate, then the `seconds` of each stage.

    No line is longer than `width`. Colours and line drawing only with `terminal`; else plain ASCII, in Markdown's
    table form.
    """
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=terminal, highlight=False, color_system="standard" if terminal else None
    )
    for part in _parts(evaluation, seconds, terminal):
        console.print(part)
    text = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    if terminal:
        return text
    return text.replace(DASH, "-").replace(GLUE, " ")


def _parts(evaluation: Evaluation, seconds: Mapping[str, float], terminal: bool) -> list[RenderableType]:
    from rich.text import Text

    parts: list[RenderableType] = [_scores(evaluation, terminal), _relations(evaluation), Text()]
    if evaluation.exports:
        parts += [_exports(evaluation, terminal), Text()]
    parts.append(Text(headline(evaluation), style="bold"))
    stages = ", ".join(f"{name} {took}" for name, took in stage_seconds(seconds).items())
    if stages:
        parts.append(Text(f"Time: {stages}."))
    return parts


def _empty_table(terminal: bool) -> Table:
    from rich import box
    from rich.table import Table

    # Without a terminal the borders are Markdown's: what is pasted into an issue stays a table.
    borders = box.SIMPLE_HEAD if terminal else box.MARKDOWN
    return Table(box=borders, pad_edge=not terminal, padding=(0, 1, 0, 0))


def _scores(evaluation: Evaluation, terminal: bool) -> RenderableType:
    from rich.text import Text

    everyone = contestants(evaluation)
    table = _empty_table(terminal)
    table.add_column("", overflow="fold")
    for title in everyone:
        style = "bold" if title == "student" else ""
        table.add_column(Text(title), justify="right", max_width=12, overflow="fold", style=style)
    for metric in known(evaluation):
        if not metric.brief:
            continue
        table.add_row(Text(metric.title), *map(Text, _values(metric, list(everyone.values()))))
        if metric.name == "score":
            intervals = [_interval(summary) for summary in everyone.values()]
            table.add_row(Text("95 % interval"), *map(Text, intervals))
    return table


def _values(metric: Metric, summaries: Sequence[Summary]) -> list[str]:
    values = []
    for summary in summaries:
        estimate = metric.read(summary)
        if estimate is None:
            values.append(DASH)
        else:
            values.append(metric.show(estimate.value))
    return values


def _interval(summary: Summary) -> str:
    if summary.score is None:
        return DASH
    return wording.interval(summary.score.interval)


def _exports(evaluation: Evaluation, terminal: bool) -> RenderableType:
    from rich.text import Text

    table = _empty_table(terminal)
    table.add_column("export", overflow="fold", no_wrap=True)
    for title in EXPORT_TITLES:
        table.add_column(title, justify="right", overflow="fold")
    for name, cells in exports(evaluation).items():
        table.add_row(Text(name), *map(Text, cells))
    return table


def _relations(evaluation: Evaluation) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, value in relation_lines(evaluation).items():
        grid.add_row(Text(name), Text(value))
    return grid
