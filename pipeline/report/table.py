"""The comparison as a table for the terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.display.wording import DASH, GLUE
from pipeline.report.headline import verdict
from pipeline.report.metrics import EXPORT_TITLES, contestants, exports, known, relations, stage_seconds

if TYPE_CHECKING:
    from rich.console import RenderableType

PLAIN_WIDTH = 120


def render_table(
    evaluation: Mapping[str, Any], seconds: Mapping[str, float], *, width: int = PLAIN_WIDTH, terminal: bool = False
) -> str:
    """Teacher, base and student side by side, then how they relate, then the `seconds` of each stage.

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
    return text if terminal else text.replace(DASH, "-").replace(GLUE, " ")


def _parts(evaluation: Mapping[str, Any], seconds: Mapping[str, float], terminal: bool) -> list[RenderableType]:
    from rich.text import Text

    stages = ", ".join(f"{name} {took}" for name, took in stage_seconds(seconds).items())
    parts: list[RenderableType] = [_scores(evaluation, terminal), _relations(evaluation), Text()]
    if evaluation.get("exports"):
        parts += [_exports(evaluation, terminal), Text()]
    parts.append(Text(verdict(evaluation), style="bold"))
    return [*parts, Text(f"Time: {stages}.")] if stages else parts


def _scores(evaluation: Mapping[str, Any], terminal: bool) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    everyone = contestants(evaluation)
    table = Table(box=box.SIMPLE_HEAD if terminal else box.MARKDOWN, pad_edge=not terminal, padding=(0, 1, 0, 0))
    table.add_column("", overflow="fold")
    for title in everyone:
        style = "bold" if title == "student" else ""
        table.add_column(Text(title), justify="right", max_width=12, overflow="fold", style=style)
    for metric in known(evaluation):
        if metric.brief:
            table.add_row(Text(metric.title), *(Text(metric.show(one.get(metric.key))) for one in everyone.values()))
    return table


def _exports(evaluation: Mapping[str, Any], terminal: bool) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD if terminal else box.MARKDOWN, pad_edge=not terminal, padding=(0, 1, 0, 0))
    table.add_column("export", overflow="fold", no_wrap=True)
    for title in EXPORT_TITLES:
        table.add_column(title, justify="right", overflow="fold")
    for name, cells in exports(evaluation).items():
        table.add_row(Text(name), *map(Text, cells))
    return table


def _relations(evaluation: Mapping[str, Any]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, value in relations(evaluation).items():
        grid.add_row(Text(name), Text(value))
    return grid
