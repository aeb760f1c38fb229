"""A directory that `datasets.Dataset.save_to_disk` wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prompts.errors import InputError, MissingExtra
from prompts.sources.draw import Drawn, draw_places
from prompts.sources.source import SourceFormat, SourceRow


def read(path: Path) -> Iterator[SourceRow]:
    """Streams the rows, each under its number."""
    for number, values in enumerate(_open(path), start=1):
        yield SourceRow(number, values)


def draw_rows(path: Path, count: int, seed: int, limit: int | None) -> Drawn[SourceRow]:
    """Draws rows by their numbers; the others are not read."""
    dataset = _open(path)
    places = draw_places(len(dataset), count, seed, limit)
    rows = zip(places.items, dataset.select(places.items), strict=True)
    return Drawn(places.seen, tuple(SourceRow(place + 1, values) for place, values in rows))


def _open(path: Path) -> Any:
    """Opens the dataset; InputError where the directory holds none, or several."""
    try:
        import datasets
    except ImportError:
        raise MissingExtra("reading a datasets directory", "train") from None
    try:
        loaded = datasets.load_from_disk(str(path))
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"is not a saved dataset: {error}", path=path, remedy="Write it with save_to_disk") from error
    if isinstance(loaded, datasets.DatasetDict):  # which of them is meant is not ours to guess
        splits = ", ".join(loaded)
        raise InputError("holds several splits", path=path, remedy=f"Give one of its folders: {splits}")
    return loaded


FORMAT = SourceFormat("datasets", read, draw=draw_rows)
