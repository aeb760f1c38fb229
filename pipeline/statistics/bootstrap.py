"""The paired bootstrap: every contestant is resampled on the same rows, so differences keep their pairing.

Percentile intervals (Efron and Tibshirani 1993, chapter 13). Rows of one group are drawn together, as rows
that resemble each other are not independent; without groups every row is its own. Axes: R resamples,
G groups, N rows, K contestants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.statistics.auc import Floats

PERCENTILES = (2.5, 97.5)
CHUNK_CELLS = 1 << 21  # weights held at once: 16 MiB of float64


class Bootstrap:
    """Resamples of a set of rows, the same ones at every call. The rows' order makes no difference."""

    def __init__(self, groups_N: Sequence[str], resamples: int, seed: int) -> None:
        names, self._group_of_row = np.unique(np.asarray(groups_N, dtype=np.str_), return_inverse=True)
        self.groups, self._resamples, self._seed = len(names), resamples, seed

    def replicate(self, statistic: Callable[[Floats], Floats]) -> Floats:
        """Returns the statistic on every resample; it is given weights [R, N] and returns [R] or [R, K]."""
        return np.concatenate([statistic(weights_RN) for weights_RN in self._weights()])

    def means(self, scores_NK: Floats) -> Floats:
        """Returns the mean score of every contestant on every resample, [R, K]."""
        return self.replicate(lambda weights: weights @ scores_NK / weights.sum(axis=1, keepdims=True))

    def _weights(self) -> Iterator[Floats]:
        # Seeded at every call: two statistics see the same resamples, and their differences keep the pairing.
        rng = np.random.default_rng(self._seed)
        chunk = max(1, CHUNK_CELLS // len(self._group_of_row))
        for start in range(0, self._resamples, chunk):
            count = min(chunk, self._resamples - start)
            # Each resample counts in a stretch of its own of one long count, so that one bincount does all.
            drawn = rng.integers(self.groups, size=(count, self.groups)) + np.arange(count)[:, None] * self.groups
            counts = np.bincount(drawn.ravel(), minlength=count * self.groups).reshape(count, self.groups)
            yield counts[:, self._group_of_row].astype(np.float64)


def ci95(replicates_R: Floats) -> list[float] | None:
    """Returns the 95 % percentile interval [low, high]; None where a resample leaves the statistic undefined."""
    if not np.isfinite(replicates_R).all():
        return None
    low, high = np.percentile(replicates_R, PERCENTILES)
    return [float(low), float(high)]


def retention(student: Floats, teacher: Floats) -> Floats:
    """Returns S/T, elementwise; NaN where the teacher scores nothing."""
    return _ratio(student, teacher)


def gap_recovered(student: Floats, base: Floats, teacher: Floats) -> Floats:
    """Returns (S-B)/(T-B), elementwise: 0 is the base, 1 the teacher. NaN where the teacher is not above the base."""
    return _ratio(student - base, teacher - base)


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    return ratio
