"""Columns of a source that are in no prompt, by the id of the prompt that their row makes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from prompts.errors import InputError
from prompts.sources.load import prompt_id, read_rows
from prompts.template import Template


def read_columns(
    path: Path, template: Template, names: Sequence[str], *, field: str, limit: int | None = None
) -> dict[str, dict[str, str]]:
    """Prompt id -> column -> value as text, of the source's first `limit` rows; a value that is missing is "".

    Of rows that make the same prompt the first counts. InputError, for the recipe's `field`, where no row has a column.
    """
    found: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for row in islice(read_rows(path), limit):
        seen |= row.values.keys()
        values = {name: row.values.get(name) for name in names}
        found.setdefault(
            prompt_id(template, template.select(row.values)),
            {name: "" if value is None else str(value) for name, value in values.items()},
        )
    if lacking := [name for name in names if name not in seen]:
        raise InputError(
            f"no column '{lacking[0]}'", path=path, field=field, remedy=f"It has {', '.join(sorted(seen))}"
        )
    return found
