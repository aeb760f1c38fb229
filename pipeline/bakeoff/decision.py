"""Which teacher to take: scores with paired intervals, and the cheapest that is not significantly worse.

Every teacher is scored on the same rows, and every resample of the bootstrap draws the same rows for all, so
differences keep their pairing; rows of one group are drawn together. A teacher is significantly worse than
the best where the whole 95 % interval of its paired difference from it lies below 0.

What is not corrected: each of the K-1 differences has its own 95 % interval, and "the best" is the one that came out
best on these very rows, luck included, which widens its lead. Where one teacher is ahead that is nothing; among five
alike each was called worse on 8 % of slices, where 2.5 % would be meant, and the intervals held the truth on 90 to 91 %
(benchmarks/coverage_bakeoff.py). Both errors keep a costlier teacher; neither names a cheap one too soon. That happens
only where the slice is small: "not significantly worse" is not "as good", so the verdict says how large a difference
the slice could have missed. Below LEAST_ROWS independent rows no verdict is given. The intervals are those of
evaluation.json (pipeline/statistics/intervals.py).

On simulated slices (300 each; tests/pipeline/bakeoff/test_decision.py repeats some): among five teachers of the same
accuracy, .50 to .97, the cheapest was named on 87 to 100 % of slices of 30 to 100 rows; a cheap teacher of .70 beside
one of .90 was named on 26 % of slices of 50 rows, on 4 % of 100 and on one of 300 of 200.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.bakeoff.measure import MeasuredTeacher
from pipeline.display.wording import DASH, difference, share
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import Interval, Size, of_difference, of_share

LEAST_ROWS = 30
"""Independent rows below which intervals are shown and nobody is named."""

RULE_OF_THREE = 3.0
"""What never happened in n rows happens at most 3/n of the time, at 95 % (Hanley and Lippman-Hand, JAMA 1983)."""


@dataclass(slots=True, frozen=True)
class Difference:
    """A paired difference from the best, and its 95 % interval."""

    value: float
    ci95: tuple[float, float]

    @property
    def significantly_below(self) -> bool:
        """Whether the whole interval is below 0."""
        return self.ci95[1] < 0

    @property
    def half_width(self) -> float:
        """Half the interval's width."""
        return (self.ci95[1] - self.ci95[0]) / 2


@dataclass(slots=True, frozen=True)
class Standing:
    """One teacher among the others."""

    measured: MeasuredTeacher
    score: float
    ci95: tuple[float, float]
    minus_best: Difference


@dataclass(slots=True, frozen=True)
class Verdict:
    """How the teachers stand, in the order they were given, and who is named."""

    standings: tuple[Standing, ...]
    rows: int
    """Rows that every teacher has a score on."""
    left_out: int
    """Rows left out because a teacher has no score on them."""
    groups: int
    """Independent rows: those of one group count once."""
    best: str | None
    named: str | None
    sentence: str


def money(value: float | None) -> str:
    """Dollars with two digits that count, never with an exponent: $0.0000092, $1.20."""
    if not value:
        return DASH if value is None else "$0"
    return f"${value:.{max(2, 1 - math.floor(math.log10(value)))}f}"


def decide(measured: Sequence[MeasuredTeacher], groups: Sequence[str], *, resamples: int, seed: int) -> Verdict:
    """Compares teachers scored on the same rows; `groups` are the rows'. The teachers' order changes nothing."""
    usable = [index for index in range(len(groups)) if all(one.scores[index] is not None for one in measured)]
    left_out = len(groups) - len(usable)
    if not usable:
        return Verdict((), 0, left_out, 0, None, None, "No verdict: no row has a score from every teacher.")
    scores_NK = np.array([[one.scores[index] for one in measured] for index in usable], dtype=np.float64)
    bootstrap = Bootstrap([groups[index] for index in usable], resamples, seed)
    means_RK = np.vstack([scores_NK.mean(axis=0), bootstrap.means(scores_NK)])
    best = min(range(len(measured)), key=lambda index: _rank(measured[index], float(means_RK[0, index])))
    size = Size(len(usable), bootstrap.groups)
    standings = tuple(_standing(one, means_RK, index, best, size) for index, one in enumerate(measured))
    named, sentence = _name(standings, standings[best], size.rows, size.groups)
    return Verdict(standings, len(usable), left_out, bootstrap.groups, measured[best].label, named, sentence)


def cheapest(standings: Sequence[Standing]) -> Standing | None:
    """The cheapest per accepted row of those not significantly below the best and with a known cost."""
    priced = [one for one in in_the_running(standings) if one.measured.cost_per_accepted_usd is not None]
    return min(priced, key=_price_rank, default=None)


def in_the_running(standings: Sequence[Standing]) -> list[Standing]:
    """Those that are not significantly below the best."""
    return [one for one in standings if not one.minus_best.significantly_below]


def _rank(measured: MeasuredTeacher, score: float) -> tuple[float, float, str]:
    """Best first; a tie goes to the cheaper, then to the name, so that the order given decides nothing."""
    cost = measured.cost_per_accepted_usd
    # Rounded: the same mean, summed in another order, can differ in its last bits.
    return (-round(score, 9), np.inf if cost is None else cost, measured.label)


def _price_rank(one: Standing) -> tuple[float, float, str]:
    return (one.measured.cost_per_accepted_usd or 0.0, -round(one.score, 9), one.measured.label)


def _standing(one: MeasuredTeacher, means_RK: Floats, index: int, best: int, size: Size) -> Standing:
    mine, bests = means_RK[:, index], means_RK[:, best]
    itself = [0.0, 0.0]
    below = Difference(float(mine[0] - bests[0]), _ends(itself if index == best else of_difference(mine, bests, size)))
    return Standing(one, float(mine[0]), _ends(of_share(mine, size)), below)


def _ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None  # a mean over at least one row is always finite
    # Equal up to rounding is equal: an interval that ends at -1e-17 does not lie below 0.
    low, high = (round(end, 9) + 0.0 for end in interval)
    return low, high


def _name(standings: Sequence[Standing], best: Standing, rows: int, groups: int) -> tuple[str | None, str]:
    if groups < LEAST_ROWS:
        independent = "" if groups == rows else f" in {groups} groups"
        return None, (
            f"No verdict: {rows} rows{independent} are too few to tell teachers apart; ask for more with --rows, "
            f"at least {LEAST_ROWS} independent ones."
        )
    if best.score == 0:
        return None, "No verdict: no teacher scored on any row. Are evaluate.scorer and its labels right?"
    named = cheapest(standings)
    unpriced = [one.measured for one in in_the_running(standings) if one.measured.cost_usd is None]
    if named is None:
        return None, f"No cheapest is named: {_unpriced(unpriced) or 'nothing was accepted'}."
    also = f" Not compared by price: {_unpriced(unpriced)}." if unpriced else ""
    return named.measured.label, f"{_sentence(named, best, standings, rows, groups)}{also}"


def _sentence(named: Standing, best: Standing, standings: Sequence[Standing], rows: int, groups: int) -> str:
    cost = f"{money(named.measured.cost_per_accepted_usd)} per accepted row"
    missed = f"{rows} rows could have missed a difference of {share(_resolution(named, best, standings, groups))}"
    if named is best:
        others = "no other that is not significantly worse is cheaper"
        return f"{named.measured.label} scores best ({share(best.score)}) and {others}: {cost}; {missed}."
    return (
        f"{named.measured.label} is the cheapest that is not significantly worse than the best, {best.measured.label}: "
        f"{cost}, a score of {share(named.score)}, {difference(_plain(named.minus_best))} from the best; {missed}."
    )


def _plain(found: Difference) -> dict[str, object]:
    return {"value": found.value, "ci95": found.ci95}


def _resolution(named: Standing, best: Standing, standings: Sequence[Standing], groups: int) -> float:
    """The half-width of the difference that decided; where nothing differs, what so many rows cannot show."""
    rivals = [one for one in standings if one is not best]
    deciding = [named] if named is not best else rivals
    widths = [one.minus_best.half_width for one in deciding]
    return max([RULE_OF_THREE / groups, *widths])


def _unpriced(unpriced: Sequence[MeasuredTeacher]) -> str:
    return "; ".join(f"{one.label} ({one.why_no_cost})" for one in unpriced)
