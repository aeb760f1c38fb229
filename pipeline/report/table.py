"""The comparison as a table for the terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.report.metrics import contestants, known, relations, stage_seconds
from pipeline.report.verdict import verdict
from pipeline.report.wording import DASH

if TYPE_CHECKING:
    from rich.console import RenderableType

PLAIN_WIDTH = 120


def render_table(
    evaluation: Mapping[str, Any], manifest: Mapping[str, Any], *, width: int = PLAIN_WIDTH, terminal: bool = False
) -> str:
    """Teacher, base and student side by side, then how they relate, then seconds per stage.

    No line is longer than `width`. Colours and line drawing only with `terminal`; else plain ASCII, in Markdown's
    table form.
    """
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, highlight=False, color_system="standard")
    for part in _parts(evaluation, manifest, terminal):
        console.print(part)
    text = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    return text if terminal else text.replace(DASH, "-")


def _parts(evaluation: Mapping[str, Any], manifest: Mapping[str, Any], terminal: bool) -> list[RenderableType]:
    from rich.text import Text

    stages = ", ".join(f"{name} {took}" for name, took in stage_seconds(manifest).items())
    parts: list[RenderableType] = [_scores(evaluation, terminal), _relations(evaluation), Text()]
    parts.append(Text(verdict(evaluation), style="bold" if terminal else ""))
    return [*parts, Text(f"Stages: {stages}.")] if stages else parts


def _scores(evaluation: Mapping[str, Any], terminal: bool) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    metrics = [metric for metric in known(evaluation) if metric.short is not None]
    table = Table(box=box.SIMPLE_HEAD if terminal else box.MARKDOWN, pad_edge=False)
    table.add_column("")
    for metric in metrics:
        table.add_column(metric.short or "", justify="right")
    for title, one in contestants(evaluation).items():
        cells = [Text(metric.show(one)) for metric in metrics]
        table.add_row(Text(title), *cells, style="bold" if terminal and title == "student" else None)
    return table


def _relations(evaluation: Mapping[str, Any]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, value in relations(evaluation).items():
        grid.add_row(Text(name), Text(value))
    return grid
