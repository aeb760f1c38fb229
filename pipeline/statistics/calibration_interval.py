"""The 95 % interval of the calibration error: of the one that ever more rows would show in the same ten bins.

The ECE of few rows is larger than that one, as every gap that is noise adds to it (Kumar et al. 2019, arXiv:1909.10155;
Roelofs et al. 2022, arXiv:2012.08668), so no interval around it covers: of a calibrated student the bootstrap's never
holds the truth, 0. This one inverts a test (Casella and Berger 2002, section 9.2): an error belongs to it where the ECE
of these rows is no unusual one among samples of a student that has that error. How such an error is shared out among
the bins is taken from the gaps seen, each drawn towards their mean as far as noise explains how they differ
(DerSimonian and Laird 1986, Controlled Clinical Trials 7:177-188). A sample has a resample's rows in each bin and
binomial scores, of as many rows as the bootstrap's variance is worth; rows of one group move all bins together.

Axes: R resamples, N rows, B bins.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.statistics.auc import Floats
from pipeline.statistics.calibration import in_bins
from pipeline.statistics.intervals import Interval, Size, Z

Replicate = Callable[[Callable[[Floats], Floats]], Floats]
"""Bootstrap.replicate: of weights [R, N] -> [R, B]."""

STEPS = 12
"""Halvings: the error is found to 1 / 4096 of itself."""

LARGEST = 2.0**20
"""Times the shape: at that every bin's error is the largest that its confidence allows."""

SEED = 0
"""Each error is tried with the same random numbers, so that a larger one gives larger samples."""


@dataclass(slots=True, frozen=True)
class Bins:
    """Rows, mean confidence and mean score of each bin; those of an empty one are 0, 0.5 and 0.5."""

    rows_B: Floats
    confidence_B: Floats
    score_B: Floats

    @property
    def ece(self) -> float:
        """The calibration error of these rows."""
        return float(self.rows_B @ np.abs(self.score_B - self.confidence_B) / self.rows_B.sum())

    @property
    def noise(self) -> float:
        """The sum over rows of p (1 - p): what binomial scores of these means would vary."""
        return float(self.rows_B @ (self.score_B * (1 - self.score_B)))


@dataclass(slots=True, frozen=True)
class Rows:
    """The rows, each in its bin."""

    in_bin_NB: Floats
    """1 where the row is in the bin, else 0."""
    confidence_N: Floats
    score_N: Floats
    size: Size

    def bins(self) -> Bins:
        """Adds the rows up by bin."""
        rows_B = self.in_bin_NB.sum(axis=0)
        return Bins(rows_B, self._means(self.confidence_N, rows_B), self._means(self.score_N, rows_B))

    def _means(self, values_N: Floats, rows_B: Floats) -> Floats:
        means_B: Floats = np.divide(values_N @ self.in_bin_NB, rows_B, out=np.full(len(rows_B), 0.5), where=rows_B > 0)
        return means_B


@dataclass(slots=True, frozen=True)
class Effects:
    """The factors by which the variance of binomial scores of independent rows is multiplied."""

    within: float
    """That of each bin's mean."""
    total: float
    """That of all rows' mean: larger where rows of one group lie in several bins."""


def ece_interval(replicate: Replicate, confidence_N: Floats, score_N: Floats, size: Size) -> Interval:
    """Returns the interval. `replicate` gives weights of these rows alone; at least one row, scores from 0 to 1."""
    rows = Rows(in_bins(confidence_N).astype(float), confidence_N, score_N, size)
    bins = rows.bins()
    effects = _effects(replicate, rows, bins)
    counts_RB = replicate(lambda weights: weights @ rows.in_bin_NB)
    counts_RB = counts_RB[counts_RB.sum(axis=1) > 0]  # a resample of the rows around may have none of these
    samples = _Samples(bins, counts_RB, effects, _shape(bins, effects))
    # The ECE of these rows is shown beside the interval, and must lie in it.
    return [min(bins.ece, samples.solve(0.975)), max(bins.ece, samples.solve(0.025))]


def _effects(replicate: Replicate, rows: Rows, bins: Bins) -> Effects:
    worth = _worth(rows, bins)
    if not rows.size.is_grouped:
        return Effects(worth, worth)
    worth *= rows.size.inflation * (rows.size.critical / Z) ** 2
    gap_N = rows.score_N - rows.confidence_N
    rest_N = gap_N - gap_N.mean()
    # What the gaps would vary if each row were a group of its own, beside what they vary in resamples of the groups.
    alone = float(rest_N @ rest_N)
    sums_RB = replicate(lambda weights: weights @ (rows.in_bin_NB * rest_N[:, None]))
    total, within = float(sums_RB.sum(axis=1).var()), float(sums_RB.var(axis=0).sum())
    if min(alone, total, within) < 1e-12:  # nothing varies: as many rows as groups
        per_group = worth * rows.size.rows / rows.size.groups
        return Effects(per_group, per_group)
    return Effects(worth * min(total, within) / alone, worth * total / alone)


def _worth(rows: Rows, bins: Bins) -> float:
    """Returns the variance of the scores within bins, over that of binomial ones: scores may lie between 0 and 1."""
    spread = float(((rows.score_N - rows.in_bin_NB @ bins.score_B) ** 2).sum())
    if bins.noise <= 1e-12 or spread <= 1e-12:
        return 1.0
    return spread / bins.noise


def _shape(bins: Bins, effects: Effects) -> Floats:
    """Returns [B]: the gap of each bin as far as noise does not explain it; never 0 everywhere."""
    have_B = bins.rows_B > 0
    rows, confidence, score = bins.rows_B[have_B], bins.confidence_B[have_B], bins.score_B[have_B]
    gap = score - confidence
    # One row more, that is right as often as it is sure: no bin is free of noise.
    likely = (rows * score + confidence) / (rows + 1)
    noise = np.maximum(effects.within * likely * (1 - likely) / rows, 1e-9)
    weight = 1 / noise
    mean = float(weight @ gap / weight.sum())
    spare = float(weight @ (gap - mean) ** 2) - (len(gap) - 1)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = 0.0
    if scale > 1e-9:
        between = max(0.0, spare / scale)
    shape_B = np.zeros(len(have_B))
    shape_B[have_B] = mean + between / (between + noise) * (gap - mean)
    if np.abs(shape_B).max() > 1e-6:
        return shape_B
    # No gap at all says nothing of how one would be shared out: every bin alike.
    return np.where(have_B, 1e-3, 0.0)


@dataclass(slots=True, frozen=True)
class _Samples:
    """Samples of a student with an error of so much in the given shape."""

    bins: Bins
    counts_RB: Floats
    effects: Effects
    shape_B: Floats

    def solve(self, level: float) -> float:
        """Finds the error at which this quantile of the samples' ECE is that of the rows; 0 where none is so small."""
        if self._quantile(0.0, level) >= self.bins.ece - 1e-12:
            return 0.0
        # Where samples have the very error of the rows the lower end is before them and the upper one after.
        target = self.bins.ece + math.copysign(1e-12, 0.5 - level)
        low, high = 0.0, 1.0
        while high < LARGEST and self._quantile(high, level) < target:
            low, high = high, 2 * high
        for _ in range(STEPS):
            middle = (low + high) / 2
            if self._quantile(middle, level) < target:
                low = middle
            else:
                high = middle
        return self._error((low + high) / 2)

    def _quantile(self, scale: float, level: float) -> float:
        rng = np.random.default_rng(SEED)
        chance_RB = self._shaken(self._chance(scale), rng)
        # A count that is not whole is rounded up as often as its fraction says.
        worth_RB = np.floor(self.counts_RB / self.effects.within + rng.random(self.counts_RB.shape))
        worth_RB = np.maximum(worth_RB, 1).astype(np.int64)
        gap_RB = np.abs(rng.binomial(worth_RB, chance_RB) / worth_RB - self.bins.confidence_B)
        return float(np.quantile((self.counts_RB * gap_RB).sum(axis=1) / self.counts_RB.sum(axis=1), level))

    def _chance(self, scale: float) -> Floats:
        """Returns [B]: how often the student is right.

        Where there is no room above its confidence it errs below, and the other way round.
        """
        gap_B, above_B = np.abs(self.shape_B) * scale, self.shape_B >= 0
        confidence_B = self.bins.confidence_B
        room_B, other_B = np.where(above_B, [1 - confidence_B, confidence_B], [confidence_B, 1 - confidence_B])
        turned_B = (gap_B > room_B) & (other_B > room_B)
        chance_B: Floats = np.clip(confidence_B + np.where(above_B ^ turned_B, gap_B, -gap_B), 0.0, 1.0)
        return chance_B

    def _error(self, scale: float) -> float:
        return float(self.bins.rows_B @ np.abs(self._chance(scale) - self.bins.confidence_B) / self.bins.rows_B.sum())

    def _shaken(self, chance_B: Floats, rng: np.random.Generator) -> Floats:
        """Returns [R, B]: the chances, moved together by what the groups add to the variance of all rows' mean."""
        deviation_B = np.sqrt(chance_B * (1 - chance_B))
        together = float(self.bins.rows_B @ deviation_B)
        added = (self.effects.total - self.effects.within) * float(self.bins.rows_B @ deviation_B**2)
        scale = 0.0
        if together > 1e-9:  # else every chance is 0 or 1, and there is nothing to move
            scale = math.sqrt(added) / together
        moved_R1 = rng.standard_normal((len(self.counts_RB), 1))
        shaken_RB: Floats = np.clip(chance_B + scale * moved_R1 * deviation_B, 0.0, 1.0)
        return shaken_RB
