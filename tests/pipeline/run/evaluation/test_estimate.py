"""A number with its interval: both ends, or none."""

from __future__ import annotations

import pytest

from pipeline.run.evaluation.estimate import Ends, Estimate, Interval
from pipeline.run.parse import Misfit, parse, to_plain


@pytest.mark.parametrize(
    ("ends", "interval"), [(None, None), ((None, 1.0), None), ((0.5, None), None), ((0, 1.0), (0, 1.0))]
)
def test_an_interval_has_both_ends(ends: Ends | None, interval: Interval | None) -> None:
    assert Estimate(0.5, ends, 3).interval == interval


def test_a_number_is_written_again_as_it_was_read() -> None:
    estimate = parse(Estimate, '{"value": 3, "ci95": [2.0, null], "n": 7}')
    assert repr(estimate.value) == "3"
    assert repr(estimate.ci95) == "(2.0, None)"
    assert to_plain(estimate) == {"value": 3, "ci95": (2.0, None), "n": 7}
    with pytest.raises(Misfit, match="ci99"):
        parse(Estimate, '{"value": 3, "ci95": null, "n": 7, "ci99": null}')
