"""Which teacher to take: scores with paired intervals, and the cheapest that is not significantly worse.

Every teacher is scored on the same rows, and every resample of the bootstrap draws the same rows for all, so
differences keep their pairing; rows of one group are drawn together. A teacher is significantly worse than
the best where the whole 95 % interval of its paired difference from it lies below 0.

What is not corrected: each of the K-1 differences has its own 95 % interval, and "the best" is the one that came out
best on these very rows, luck included, which widens its lead. Where one teacher is ahead that is nothing; among five
alike each was called worse on 8 % of slices, where 2.5 % would be meant, and the intervals held the truth on 90 to 91 %
(benchmarks/coverage_bakeoff.py). Both errors keep a costlier teacher; neither names a cheap one too soon. That happens
only where the slice is small: "not significantly worse" is not "as good", so the sentence says how large a difference
the slice could have missed. Below LEAST_ROWS independent rows nobody is named. The intervals are those of
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
from pipeline.display.wording import DASH, share, signed, signed_interval
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

    def __str__(self) -> str:
        return f"{signed(self.value)} ({signed_interval(self.ci95)})"

    @property
    def significantly_below(self) -> bool:
        """True where the whole interval is below 0."""
        return self.ci95[1] < 0

    @property
    def half_width(self) -> float:
        """Half the interval's width."""
        return (self.ci95[1] - self.ci95[0]) / 2


ITSELF = Difference(0.0, (0.0, 0.0))


@dataclass(slots=True, frozen=True)
class Standing:
    """One teacher among the others."""

    measured: MeasuredTeacher
    score: float
    ci95: tuple[float, float]
    minus_best: Difference


@dataclass(slots=True, frozen=True)
class Choice:
    """The teachers' standings, in the order they were given, and who is named."""

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
    """Formats dollars with two digits that count, never with an exponent: $0.0000092, $1.20."""
    if value is None:
        return DASH
    if value == 0:
        return "$0"
    return f"${value:.{max(2, 1 - math.floor(math.log10(value)))}f}"


def decide(measured: Sequence[MeasuredTeacher], groups: Sequence[str], *, resamples: int, seed: int) -> Choice:
    """Compares teachers scored on the same rows; `groups` are the rows'. The teachers' order changes nothing."""
    usable = [row for row in range(len(groups)) if all(teacher.scores[row] is not None for teacher in measured)]
    left_out = len(groups) - len(usable)
    if not usable:
        return Choice((), 0, left_out, 0, None, None, "No verdict: no row has a score from every teacher.")
    scores_NK = np.array([[teacher.scores[row] for teacher in measured] for row in usable], dtype=np.float64)
    bootstrap = Bootstrap([groups[row] for row in usable], resamples, seed)
    # The first row is the value on the rows themselves; those below are its resamples, in the same order for everyone.
    means_RK = np.vstack([scores_NK.mean(axis=0), bootstrap.means(scores_NK)])
    best = min(range(len(measured)), key=lambda place: _rank(measured[place], float(means_RK[0, place])))
    # Rows of one group rise and fall together: the groups are what the intervals are made for.
    size = Size(len(usable), bootstrap.groups)
    standings = []
    for place, teacher in enumerate(measured):
        mine_R = means_RK[:, place]
        # Its own difference has no width, also where rounding would give it one.
        minus_best = ITSELF if place == best else _difference(mine_R, means_RK[:, best], size)
        standings.append(Standing(teacher, float(mine_R[0]), _ends(of_share(mine_R, size)), minus_best))
    named, sentence = _name(standings, standings[best], size)
    return Choice(tuple(standings), size.rows, left_out, size.groups, measured[best].label, named, sentence)


def cheapest(standings: Sequence[Standing]) -> Standing | None:
    """Returns the cheapest per accepted row of those not significantly below the best and with a known cost."""
    # Per accepted row, not per call: a cheap teacher whose replies are thrown away is not cheap.
    priced = [each for each in in_the_running(standings) if each.measured.cost_per_accepted_usd is not None]
    return min(priced, key=_price_rank, default=None)


def in_the_running(standings: Sequence[Standing]) -> list[Standing]:
    """Returns those that are not significantly below the best."""
    return [standing for standing in standings if not standing.minus_best.significantly_below]


def _rank(measured: MeasuredTeacher, score: float) -> tuple[float, float, str]:
    """Best first; a tie goes to the cheaper, then to the name, so that the order given decides nothing."""
    cost = measured.cost_per_accepted_usd
    # Rounded: the same mean, summed in another order, can differ in its last bits.
    return (-round(score, 9), math.inf if cost is None else cost, measured.label)


def _price_rank(standing: Standing) -> tuple[float, float, str]:
    return (standing.measured.cost_per_accepted_usd or 0.0, -round(standing.score, 9), standing.measured.label)


def _difference(mine_R: Floats, best_R: Floats, size: Size) -> Difference:
    return Difference(float(mine_R[0] - best_R[0]), _ends(of_difference(mine_R, best_R, size)))


def _ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None  # a mean over at least one row is always finite
    # Equal up to rounding is equal: an interval that ends at -1e-17 does not lie below 0. Adding 0 makes -0 a 0.
    low, high = (round(end, 9) + 0.0 for end in interval)
    return low, high


def _name(standings: Sequence[Standing], best: Standing, size: Size) -> tuple[str | None, str]:
    """Names a teacher, or nobody, and puts it in a sentence."""
    if size.groups < LEAST_ROWS:
        independent = f" in {size.groups} groups" if size.is_grouped else ""
        return None, (
            f"No verdict: {size.rows} rows{independent} are too few to tell teachers apart; ask for more with --rows, "
            f"at least {LEAST_ROWS} independent ones."
        )
    if best.score == 0:
        # All alike at nothing is no tie to be broken by price: most often the labels are wrong.
        return None, "No verdict: no teacher scored on any row. Are evaluate.scorer and its labels right?"
    unpriced = _unpriced(standings)
    named = cheapest(standings)
    if named is None:
        return None, f"No cheapest is named: {unpriced or 'nothing was accepted'}."
    sentence = _sentence(named, best, standings, size)
    if unpriced:
        sentence += f" Not compared by price: {unpriced}."
    return named.measured.label, sentence


def _sentence(named: Standing, best: Standing, standings: Sequence[Standing], size: Size) -> str:
    cost = f"{money(named.measured.cost_per_accepted_usd)} per accepted row"
    resolution = share(_resolution(named, best, standings, size.groups))
    missed = f"{size.rows} rows could have missed a difference of {resolution}"
    if named is best:
        others = "no other that is not significantly worse is cheaper"
        return f"{named.measured.label} scores best ({share(best.score)}) and {others}: {cost}; {missed}."
    return (
        f"{named.measured.label} is the cheapest that is not significantly worse than the best, {best.measured.label}: "
        f"{cost}, a score of {share(named.score)}, {named.minus_best} from the best; {missed}."
    )


def _resolution(named: Standing, best: Standing, standings: Sequence[Standing], groups: int) -> float:
    """The half-width of the difference that decided; where nothing differs, what so many rows cannot show."""
    widest = RULE_OF_THREE / groups
    if named is not best:
        return max(widest, named.minus_best.half_width)
    for rival in standings:
        if rival is not best:
            widest = max(widest, rival.minus_best.half_width)
    return widest


def _unpriced(standings: Sequence[Standing]) -> str:
    """Those in the running without a known cost, and why."""
    reasons = []
    for standing in in_the_running(standings):
        teacher = standing.measured
        if teacher.cost_usd is None:
            reasons.append(f"{teacher.label} ({teacher.why_no_cost})")
    return "; ".join(reasons)
