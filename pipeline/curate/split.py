"""Train or held-out: decided before any step looks at a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.curate.config import Split
from pipeline.curate.step import Side
from prompts.digest import share_of
from prompts.messages import Conversation


def sides_of(rows: Sequence[Mapping[str, Any]], bare: Mapping[str, Conversation], config: Split) -> list[Side]:
    """Each row's side. Rows of one group are on one side.

    `rows` have `prompt_id`, `group` and `gold`; `bare` gives each prompt id what the student will be asked.
    """
    return [side(row["group"] or row["prompt_id"], config) for row in rows]


def side(group: str, split: Split) -> Side:
    """The side of a group: its digest, read as a number in [0, 1), against the held-out share.

    Rows that are added or removed later move no other row across.
    """
    return "heldout" if share_of([split.seed, group]) < split.heldout else "train"
