"""What every number of a comparison stands on: the same rows, and the same resamples of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.evaluate.answers.contestants import HeldoutRow
from pipeline.recipe.evaluate import Evaluate
from pipeline.statistics import intervals
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.calibration_interval import Replicate
from pipeline.statistics.intervals import Size


class Resampling:
    """Rows with their bootstrap. An estimate is [1 + R]: the value itself, then that of every resample."""

    def __init__(self, rows: Sequence[HeldoutRow], config: Evaluate) -> None:
        self.rows = rows
        self.bootstrap = Bootstrap([row.unit for row in rows], config.resamples, config.seed)
        self.size = Size(len(rows), self.bootstrap.groups)

    def mean(self, values: Sequence[float] | Floats) -> Floats:
        """The estimate of a mean."""
        column = np.asarray(values, dtype=np.float64)[:, None]
        return np.append(column.mean(), self.bootstrap.means(column)[:, 0])

    def mean_of(self, have_N: npt.NDArray[np.bool_], values: Floats) -> Floats:
        """The estimate of a mean over the rows that have a value; `values` are theirs alone."""
        weighted = self.bootstrap.replicate(
            lambda weights: _ratio(weights[:, have_N] @ values, weights[:, have_N].sum(axis=1))
        )
        return np.append(values.mean(), weighted)

    def replicate_of(self, have_N: npt.NDArray[np.bool_]) -> Replicate:
        """The bootstrap's `replicate` whose statistic is given the weights of these rows alone."""
        return lambda statistic: self.bootstrap.replicate(lambda weights: statistic(weights[:, have_N]))

    def size_of(self, have_N: npt.NDArray[np.bool_]) -> Size:
        """Of these rows alone."""
        units = {row.unit for row, have in zip(self.rows, have_N, strict=True) if have}
        return Size(int(have_N.sum()), len(units))

    def share(self, name: str, estimate: Floats | None) -> dict[str, Any]:
        """A number from 0 to 1 under its name, its interval beside it; both null where it is not defined."""
        if estimate is None or not np.isfinite(estimate[0]):
            return {name: None, f"{name}_ci95": None}
        return {name: float(estimate[0]), f"{name}_ci95": intervals.of_share(estimate, self.size)}

    def difference(self, one: Floats, other: Floats) -> dict[str, Any]:
        """A paired difference."""
        return {"value": float(one[0] - other[0]), "ci95": intervals.of_difference(one, other, self.size)}


def _ratio(above: Floats, below: Floats) -> Floats:
    found: Floats = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
    return found
