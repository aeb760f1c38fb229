"""Train or held-out: decided by group alone, before any step looks at a reply."""

from __future__ import annotations

from pipeline.curate.config import Split
from pipeline.curate.step import Side
from prompts.digest import digest

SCALE = float(1 << 52)  # as many bits as a float holds exactly


def side(group: str, split: Split) -> Side:
    """The side of a group: its digest, read as a number in [0, 1), against the held-out share.

    Rows that are added or removed later move no other row across.
    """
    place = int(digest([split.seed, group])[:13], 16) / SCALE
    return "heldout" if place < split.heldout else "train"
