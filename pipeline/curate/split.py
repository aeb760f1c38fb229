"""Train or held-out: decided by group alone, before any step looks at a reply."""

from __future__ import annotations

from pipeline.curate.config import Split
from pipeline.curate.step import Side
from prompts.digest import share_of


def side(group: str, split: Split) -> Side:
    """The side of a group: its digest, read as a number in [0, 1), against the held-out share.

    Rows that are added or removed later move no other row across.
    """
    return "heldout" if share_of([split.seed, group]) < split.heldout else "train"
