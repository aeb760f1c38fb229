"""Soft labels, whole texts with their shares, as soft targets of one text's tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from students.distill.align import SoftTarget, Targets, likeliest_first


def soft_label_targets(ids: Sequence[int], labels: Sequence[tuple[Sequence[int], float]]) -> Targets:
    """Says what comes next at each of `ids`, by the shares of the texts that begin alike up to there.

    `labels` are the texts' token ids, ended as an answer ends, and their shares. Where all that are left go on alike
    the next token is certain; where none is left, as `ids` are of no label, nothing is known and the target is None.
    """
    targets: Targets = []
    for place in range(len(ids)):
        mass: dict[int, float] = defaultdict(float)
        for label, share in labels:
            # A label without a share is no alternative, and log 0 is no number.
            if share > 0 and len(label) > place and list(label[:place]) == list(ids[:place]):
                mass[label[place]] += share
        targets.append(_target(mass))
    return targets


def _target(mass: dict[int, float]) -> SoftTarget | None:
    if not mass:
        return None
    whole = sum(mass.values())
    head = [(index, share / whole) for index, share in mass.items()]
    # No tail: the labels are all that the answer can be.
    return SoftTarget(likeliest_first(head), 0.0)
