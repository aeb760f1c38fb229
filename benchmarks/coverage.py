"""How often the 95 % intervals hold the truth, on simulated students and teachers whose true scores are known.

    python -m benchmarks.coverage [REPEATS]

Each repeat draws rows, scores and resamples anew and asks the functions that evaluation.json is made with. A score near
0 or 1 on few rows is where the bootstrap's percentiles fail; they stand beside ours. A latent normal makes student and
teacher right on the same rows (correlation 0.6), and rows of one group alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pipeline.statistics import intervals
from pipeline.statistics.auc import Floats, weighted_auc
from pipeline.statistics.bootstrap import Bootstrap, ci95, gap_recovered, retention
from pipeline.statistics.intervals import Interval, Size

REPEATS, RESAMPLES, SHARED = 2000, 1000, 0.6
SCORES, ROWS = (0.5, 0.9, 0.97), (30, 100, 500, 2000)
GROUP_ROWS = 5
AUC_RESAMPLES = 300
NORMAL = NormalDist()


@dataclass(frozen=True)
class Case:
    """Rows in groups of so many, a teacher that scores `score`, a student 3 points below, a base at a third."""

    score: float
    rows: int
    group: int = 1

    @property
    def truths(self) -> tuple[float, float, float]:
        return self.score - 0.03, self.score, self.score / 3

    @property
    def size(self) -> Size:
        return Size(self.rows, self.rows // self.group)

    @property
    def bootstrap(self) -> Bootstrap:
        names = [f"group {row // self.group:05}" for row in range(self.rows)]
        return Bootstrap(names, RESAMPLES, 0)

    def draw(self, rng: np.random.Generator, repeats: int) -> list[Floats]:
        """Scores [N, repeats] of student, teacher and base, 0 or 1."""
        shared = rng.standard_normal((self.rows, repeats))
        if self.group > 1:
            alike = np.repeat(rng.standard_normal((self.rows // self.group, repeats)), self.group, axis=0)
            shared = (shared + alike) / np.sqrt(2)
        latent = (rng.standard_normal((self.rows, repeats)) for _ in self.truths)
        return [
            (np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own < NORMAL.inv_cdf(truth)).astype(float)
            for own, truth in zip(latent, self.truths, strict=True)
        ]


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    print(f"| rows | groups | score | {' | '.join(f'{name}, ours | percentile' for name in QUANTITIES)} |")
    print("|" + "---|" * (3 + 2 * len(QUANTITIES)))
    outside = total = 0
    for group in (1, GROUP_ROWS):
        for rows in ROWS:
            for score in SCORES:
                case = Case(score, rows, group)
                found = list(measure(case, np.random.default_rng([rows, group, round(100 * score)]), repeats))
                cells = [f"{100 * ours:.1f} | {100 * theirs:.1f}" for ours, theirs in found]
                print(f"| {rows} | {case.size.groups} | {score:g} | {' | '.join(cells)} |", flush=True)
                outside += sum(not 0.93 <= ours <= 0.97 for ours, _ in found)
                total += len(found)
    print(f"\n{total - outside} of {total} within 93 to 97 %\n")
    print("| rows | AUC | ours | percentile |\n|---|---|---|---|")
    for rows in ROWS[:3]:
        for area in SCORES[1:]:
            ours, theirs = measure_auc(rows, area, np.random.default_rng(rows), repeats)
            print(f"| {rows} | {area:g} | {100 * ours:.1f} | {100 * theirs:.1f} |", flush=True)


Estimates = tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class Quantity:
    """What is estimated: its true value, our interval and the statistic whose percentiles are taken."""

    truth: Callable[[float, float, float], float]
    ours: Callable[[Estimates, Size], Interval | None]
    statistic: Callable[[Estimates], Floats]


QUANTITIES = {
    "score": Quantity(lambda s, t, b: s, lambda e, size: intervals.of_share(e[0], size), lambda e: e[0]),
    "difference": Quantity(
        lambda s, t, b: s - t, lambda e, size: intervals.of_difference(e[0], e[1], size), lambda e: e[0] - e[1]
    ),
    "retention": Quantity(
        lambda s, t, b: s / t, lambda e, size: intervals.of_ratio(e[0], e[1], size), lambda e: retention(e[0], e[1])
    ),
    "gap": Quantity(
        lambda s, t, b: (s - b) / (t - b),
        lambda e, size: intervals.of_gap(e[0], e[2], e[1], size),
        lambda e: gap_recovered(e[0], e[2], e[1]),
    ),
}


def measure(case: Case, rng: np.random.Generator, repeats: int) -> Iterator[tuple[float, float]]:
    """Of each quantity, how often our interval and the percentiles hold the truth. No interval holds everything."""
    scores, bootstrap = case.draw(rng, repeats), case.bootstrap
    stacked = [np.vstack([column.mean(axis=0), bootstrap.means(column)]) for column in scores]
    for quantity in QUANTITIES.values():
        truth, ours, theirs = quantity.truth(*case.truths), 0, 0
        for repeat in range(repeats):
            three: Estimates = (stacked[0][:, repeat], stacked[1][:, repeat], stacked[2][:, repeat])
            ours += holds(quantity.ours(three, case.size), truth)
            theirs += holds(ci95(quantity.statistic(three)[1:]), truth)
        yield ours / repeats, theirs / repeats


def measure_auc(rows: int, area: float, rng: np.random.Generator, repeats: int) -> tuple[float, float]:
    """The same of AUC, half of the rows positive, their log-odds normal and shifted."""
    shift, ours, theirs = np.sqrt(2) * NORMAL.inv_cdf(area), 0, 0
    bootstrap = Bootstrap([f"{row:05}" for row in range(rows)], AUC_RESAMPLES, 0)
    positive = np.arange(rows) % 2 == 0
    for _ in range(repeats):
        odds = rng.standard_normal(rows) + shift * positive

        def statistic(weights: Floats, odds: Floats = odds) -> Floats:
            return weighted_auc(weights, positive, odds)

        estimate = np.append(statistic(np.ones((1, rows))), bootstrap.replicate(statistic))
        ours += holds(intervals.of_share(estimate, Size(rows, rows)), area)
        theirs += holds(ci95(estimate[1:]), area)
    return ours / repeats, theirs / repeats


def holds(interval: Interval | None, truth: float) -> bool:
    return interval is None or interval[0] - 1e-12 <= truth <= interval[1] + 1e-12


if __name__ == "__main__":
    main()
