from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from pipeline.statistics import intervals
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import Size, of_difference, of_gap, of_mean, of_ratio, of_share, wilson

TRIOS: st.SearchStrategy[Floats] = st.lists(
    st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 3), min_size=2, max_size=40
).map(np.array)
SLACK = 1e-9


def estimates(scores_NK: Floats) -> tuple[list[Floats], Size]:
    names = [f"row {place:03}" for place in range(len(scores_NK))]
    stacked = np.vstack([scores_NK.mean(axis=0), Bootstrap(names, 300, 0).means(scores_NK)])
    return list(stacked.T), Size(len(names), len(names))


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_is_scipys(right: int, rows: int) -> None:
    right = min(right, rows)
    expected = stats.binomtest(right, rows).proportion_ci(0.95, "wilson")
    assert wilson(right / rows, rows) == pytest.approx([expected.low, expected.high], abs=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 10, 30, 1000])
def test_students_quantiles_are_scipys(degrees: int) -> None:
    assert intervals.student_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=2e-3)


@given(TRIOS)
@example(np.array([(0.0, 0.5, 0.0), (0.0, 1.0, 1.0), (0.0, 1.0, 1.0)]))  # a student below its base: a gap below 0
def test_every_interval_holds_its_estimate(scores_NK: Floats) -> None:
    (student, teacher, base), size = estimates(scores_NK)
    share = of_share(student, size)
    assert share is not None
    assert 0 <= share[0] <= student[0] <= share[1] <= 1
    difference = of_difference(student, teacher, size)
    assert difference is not None
    assert difference[0] - SLACK <= student[0] - teacher[0] <= difference[1] + SLACK
    ratio = of_ratio(student, teacher, size)
    assert ratio is None or ratio[0] - SLACK <= student[0] / teacher[0] <= ratio[1] + SLACK
    lead = of_difference(teacher, base, size)
    if lead is not None and lead[0] > 0:
        gap, value = of_gap(student, base, teacher, size), (student[0] - base[0]) / (teacher[0] - base[0])
        assert gap is None or gap[0] - SLACK <= value <= gap[1] + SLACK


@given(TRIOS)
def test_who_is_whom_makes_no_difference_but_the_sign(scores_NK: Floats) -> None:
    (one, other, _), size = estimates(scores_NK)
    there, back = of_difference(one, other, size), of_difference(other, one, size)
    assert there is not None
    assert back is not None
    assert there == pytest.approx([-back[1], -back[0]], abs=1e-9)


def test_a_share_of_rows_that_are_independent_has_wilsons_interval() -> None:
    scores = np.repeat([1.0, 0.0], [90, 10])[:, None]
    replicates = Bootstrap([f"{place:03}" for place in range(100)], 20_000, 0).means(scores)[:, 0]
    found = of_share(np.append(0.9, replicates), Size(100, 100))
    assert found == pytest.approx(wilson(0.9, 100), abs=0.003)


def test_all_right_is_not_certain_and_a_constant_is() -> None:
    assert of_share(np.ones(101), Size(50, 50)) == wilson(1.0, 50)
    assert of_share(np.full(101, 0.5), Size(50, 50)) == [0.5, 0.5]


def test_few_groups_make_it_wider() -> None:
    rng = np.random.default_rng(0)
    share = np.append(0.5, 0.5 + 0.05 * rng.standard_normal(500))
    narrow, wide = of_share(share, Size(100, 100)), of_share(share, Size(100, 5))
    assert narrow is not None
    assert wide is not None
    assert wide[1] - wide[0] > 1.3 * (narrow[1] - narrow[0])


def test_what_a_resample_leaves_undefined_has_no_interval() -> None:
    broken = np.array([0.5, np.nan, 0.4])
    assert of_share(broken, Size(10, 10)) is None
    assert of_mean(broken, Size(10, 10)) is None
    assert of_ratio(np.array([0.5, 0.4]), np.zeros(2), Size(3, 3)) is None


def test_a_means_interval_is_symmetric_in_its_logarithm() -> None:
    found = of_mean(np.append(2.0, 2 + 0.1 * np.random.default_rng(0).standard_normal(1000)), Size(100, 100))
    assert found is not None
    assert found[0] * found[1] == pytest.approx(4.0)
    assert of_mean(np.zeros(5), Size(4, 4)) == [0.0, 0.0]
