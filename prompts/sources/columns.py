"""Columns of a source that are in no prompt, by the id of the prompt that their row makes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from prompts.errors import InputError
from prompts.sources.load import prompt_id
from prompts.sources.rows import read_rows
from prompts.template import Template


def read_columns(
    path: Path, template: Template, names: Sequence[str], *, field: str, limit: int | None = None
) -> dict[str, dict[str, str]]:
    """Returns prompt id -> column -> value as text, of the source's first `limit` rows; a missing value is "".

    Of rows that make the same prompt the first counts. InputError, for the recipe's `field`, where no row has a column.
    """
    by_prompt: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    for row in islice(read_rows(path), limit):
        seen |= row.values.keys()
        prompt = prompt_id(template, template.select(row.values))
        if prompt not in by_prompt:  # as in load_prompts: the first row's gold is the one that counts
            by_prompt[prompt] = {name: _text_of(row.values.get(name)) for name in names}
    lacking = [name for name in names if name not in seen]
    if lacking:
        remedy = f"It has {', '.join(sorted(seen))}"
        raise InputError(f"no column '{lacking[0]}'", path=path, field=field, remedy=remedy)
    return by_prompt


def _text_of(value: Any) -> str:
    if value is None:
        return ""
    return str(value)
