"""The ground of every number of a comparison: the same rows, and the same resamples of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.evaluate.answers.contestants import HeldoutRow
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation.estimate import Estimate
from pipeline.statistics import intervals
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.calibration_interval import Replicate
from pipeline.statistics.intervals import Size


class Resampling:
    """Rows with their bootstrap. A resampled number is [1 + R]: the value itself, then that of every resample."""

    def __init__(self, rows: Sequence[HeldoutRow], config: Evaluate) -> None:
        self.rows = rows
        self.bootstrap = Bootstrap([row.unit for row in rows], config.resamples, config.seed)
        self.size = Size(len(rows), self.bootstrap.groups)

    def mean(self, values: Sequence[float] | Floats) -> Floats:
        """Resamples a mean over all rows."""
        column = np.asarray(values, dtype=np.float64)[:, None]
        return np.append(column.mean(), self.bootstrap.means(column)[:, 0])

    def mean_of(self, have_N: npt.NDArray[np.bool_], values: Floats) -> Floats:
        """Resamples a mean over the rows that have a value; `values` are theirs alone."""
        weighted = self.bootstrap.replicate(
            lambda weights: _ratio(weights[:, have_N] @ values, weights[:, have_N].sum(axis=1))
        )
        return np.append(values.mean(), weighted)

    def replicate_of(self, have_N: npt.NDArray[np.bool_]) -> Replicate:
        """Returns the bootstrap's `replicate`, whose statistic is given the weights of these rows alone."""
        return lambda statistic: self.bootstrap.replicate(lambda weights: statistic(weights[:, have_N]))

    def size_of(self, have_N: npt.NDArray[np.bool_]) -> Size:
        """Returns the size of these rows alone."""
        units = {row.unit for row, have in zip(self.rows, have_N, strict=True) if have}
        return Size(int(have_N.sum()), len(units))

    def share(self, resampled: Floats, rows: int | None = None) -> Estimate | None:
        """Estimates a number from 0 to 1; None where it is not defined. It is of all rows, or of so many."""
        if not np.isfinite(resampled[0]):
            return None
        if rows is None:
            rows = self.size.rows
        return Estimate(float(resampled[0]), as_pair(intervals.of_share(resampled, self.size)), rows)

    def difference(self, mine: Floats, theirs: Floats) -> Estimate:
        """Estimates a paired difference of two shares."""
        ci95 = intervals.of_difference(mine, theirs, self.size)
        return Estimate(float(mine[0] - theirs[0]), as_pair(ci95), self.size.rows)


def as_pair(interval: Sequence[float] | None) -> tuple[float, float] | None:
    """Returns an interval as an estimate holds it."""
    if interval is None:
        return None
    low, high = interval
    return low, high


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
    return ratio
