from __future__ import annotations

import pytest

from students.distill.align import SoftTarget
from students.distill.soft_labels import soft_label_targets


def test_shares_of_texts_that_begin_alike() -> None:
    labels = [([1, 2, 9], 0.5), ([1, 3, 9], 0.25), ([4, 9], 0.25)]
    first, second, third = soft_label_targets([1, 2, 9], labels)
    assert first == SoftTarget(((1, 0.75), (4, 0.25)), 0.0)
    assert second is not None
    assert dict(second.head) == pytest.approx({2: 2 / 3, 3: 1 / 3})
    assert third == SoftTarget(((9, 1.0),), 0.0)
    assert soft_label_targets([7, 8], labels)[1] is None, "of no label"
