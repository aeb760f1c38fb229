"""Soft labels, whole texts with their shares, as soft targets of one text's tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from students.distill.align import SoftTarget, Targets


def soft_label_targets(ids: Sequence[int], labels: Sequence[tuple[Sequence[int], float]]) -> Targets:
    """What comes next at each of `ids`, given the shares of the texts that begin alike up to there.

    `labels` are the texts' token ids, ended as an answer ends, and their shares. Where all that are left go on alike
    the next token is certain; where none is left, as `ids` are of no label, nothing is known and the target is None.
    """
    found: Targets = []
    for place in range(len(ids)):
        mass: dict[int, float] = defaultdict(float)
        for label, share in labels:
            if share > 0 and len(label) > place and list(label[:place]) == list(ids[:place]):
                mass[label[place]] += share
        found.append(_target(mass) if mass else None)
    return found


def _target(mass: dict[int, float]) -> SoftTarget:
    whole = sum(mass.values())
    head = sorted(((index, share / whole) for index, share in mass.items()), key=lambda item: (-item[1], item[0]))
    return SoftTarget(tuple(head), 0.0)
