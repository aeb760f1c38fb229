"""Tables for commands: as wide as the terminal, and Markdown in plain ASCII where there is none."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Sequence

from pipeline.display.wording import DASH, GLUE

PLAIN_WIDTH = 120


def render_grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table: the first column to the left, the others to the right; cells that are too long are folded."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else PLAIN_WIDTH
    table = Table(box=box.SIMPLE_HEAD if terminal else box.MARKDOWN, padding=(0, 1, 0, 0), pad_edge=not terminal)
    for position, title in enumerate(header):
        table.add_column(Text(title), justify="right" if position else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=terminal, highlight=False).print(table)
    # The box of Markdown has an empty first line, and pads every line to the same width.
    text = "\n".join(line.rstrip() for line in out.getvalue().splitlines() if line.strip())
    return text if terminal else plain(text)


def plain(text: str) -> str:
    """Returns the wording's dashes and no-break spaces as ASCII."""
    return text.replace(DASH, "-").replace(GLUE, " ")
