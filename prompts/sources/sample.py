"""A uniform sample of a source's rows, and how many rows there are, without parsing or holding the rest."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from prompts.sources.draw import Drawn, draw
from prompts.sources.rows import find_format
from prompts.sources.source import SourceRow


def draw_rows(path: Path, count: int, seed: int, limit: int | None = None) -> Drawn[SourceRow]:
    """Draws so many of a source's first `limit` rows.

    Only what is drawn is parsed, where the format can do that. Raises InputError as `read_rows` does, of a bad row only
    where it is parsed.
    """
    source = find_format(path)
    if source.draw is not None:
        return source.draw(path, count, seed, limit)
    return draw(islice(source.read(path), limit), count, seed)
