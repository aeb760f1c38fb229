from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluate.cascade.choose import cross_fitted
from pipeline.evaluate.cascade.curve import handed_over, measure_outcomes
from pipeline.evaluate.cascade.expected import expect
from pipeline.statistics.bootstrap import Bootstrap
from tests.pipeline.evaluate.cascade.make import simulated


def test_the_score_is_cross_fitted_and_share_and_cost_are_the_thresholds() -> None:
    rows = simulated(200, seed=5)
    bootstrap = Bootstrap(rows.groups_N, 400, 0)
    found = expect(rows, 0.8, 0.01, bootstrap, seed=0)
    handed_N, at_N = cross_fitted(rows, 0.01, seed=0), handed_over(rows.confidence_N, 0.8)
    honest, plain = measure_outcomes(rows, np.stack([handed_N, at_N], axis=1), bootstrap)
    assert found.score == honest.score
    assert found.handed_over == plain.handed_over
    assert found.cost_per_1000_usd == plain.cost_per_1000_usd
    assert found.minus_teacher.value == pytest.approx(found.score.value - found.teacher_score.value)
