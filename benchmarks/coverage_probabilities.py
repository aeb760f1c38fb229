"""How often the 95 % intervals of ECE, KL and macro-F1 hold the truth, on simulated students.

    python -m benchmarks.coverage_probabilities [REPEATS]

Their true numbers are known; the rows are drawn anew in each repeat and given to the functions that
evaluation.json is made with, beside the percentiles of the same resamples. The truth of ECE is that of ever more rows
in the same ten bins. Rows of one group share half the variance of what makes an answer right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.coverage import holds
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap, ci95
from pipeline.statistics.calibration import ece
from pipeline.statistics.calibration_interval import ece_interval
from pipeline.statistics.divergence import kl
from pipeline.statistics.intervals import Interval, Size, of_mean, of_share
from pipeline.statistics.labels import macro_f1

REPEATS, RESAMPLES = 200, 1000
SIZES = ((30, 1), (100, 1), (500, 1), (100, 5), (500, 5))
"""Rows, and rows of a group."""
POPULATION = 400_000
LABELS = 3


@dataclass(frozen=True)
class Draw:
    """What one repeat works with."""

    bootstrap: Bootstrap
    size: Size
    rng: np.random.Generator

    def uniform(self) -> Floats:
        """[N], rows of a group alike."""
        rows, groups = self.size.rows, self.size.groups
        own = self.rng.standard_normal(rows)
        if groups == rows:
            return np.asarray(stats.norm.cdf(own))
        alike = np.repeat(self.rng.standard_normal(groups), rows // groups)
        return np.asarray(stats.norm.cdf((own + alike) / np.sqrt(2)))

    def normal(self) -> Floats:
        return np.asarray(stats.norm.ppf(self.uniform()))


Measured = tuple[Interval | None, Interval | None]
"""Our interval and the percentiles."""


@dataclass(frozen=True)
class World:
    """A student: what is measured, its name, its true value and what one repeat gives."""

    quantity: str
    name: str
    truth: float
    measure: Callable[[Draw], Measured]


def calibrated_as(name: str, beta: tuple[float, float], accuracy: Callable[[Floats], Floats]) -> World:
    """Confidences of a beta distribution; an answer is right as often as `accuracy` says."""
    sure = stats.beta.ppf((np.arange(POPULATION) + 0.5) / POPULATION, *beta)

    def measure(draw: Draw) -> Measured:
        confidence = stats.beta.ppf(draw.uniform(), *beta)
        score = (draw.uniform() < accuracy(confidence)).astype(float)
        resampled = draw.bootstrap.replicate(lambda weights: ece(weights, confidence, score))
        return ece_interval(draw.bootstrap.replicate, confidence, score, draw.size), ci95(resampled)

    return World("ECE", name, float(ece(np.ones((1, POPULATION)), sure, accuracy(sure))[0]), measure)


def divergent(name: str, noise: float, wild: float) -> World:
    """Three labels' logits of deviation 2; the student's are off by `noise`, those of 5 % of the rows by `wild`."""

    def values(rows: int, normal: Callable[[], Floats], uniform: Callable[[], Floats]) -> Floats:
        teacher = 2 * np.stack([normal() for _ in range(LABELS)], axis=1)
        off = np.where(uniform() < 0.05, wild, noise)[:, None]
        return kl(teacher, teacher + off * np.stack([normal() for _ in range(LABELS)], axis=1))

    def measure(draw: Draw) -> Measured:
        found = values(draw.size.rows, draw.normal, draw.uniform)[:, None]
        estimate = np.append(found.mean(), draw.bootstrap.means(found)[:, 0])
        return of_mean(estimate, draw.size), ci95(estimate[1:])

    rng, many = np.random.default_rng(2026), 10 * POPULATION
    truth = values(many, lambda: rng.standard_normal(many), lambda: rng.random(many)).mean()
    return World("KL", name, float(truth), measure)


def labelled(name: str, shares: tuple[float, ...], accuracy: float) -> World:
    """Gold labels of the given shares; a wrong answer is either of the other two."""
    chances = np.full((LABELS, LABELS), (1 - accuracy) / 2) + np.eye(LABELS) * (accuracy - (1 - accuracy) / 2)
    cells = np.indices((LABELS, LABELS)).reshape(2, -1)
    truth = macro_f1((np.array(shares)[:, None] * chances).reshape(1, -1), cells[0], cells[1], LABELS)

    def measure(draw: Draw) -> Measured:
        gold = np.searchsorted(np.cumsum(shares)[:-1], draw.uniform())
        wrong = (gold + draw.rng.integers(1, LABELS, size=len(gold))) % LABELS
        said = np.where(draw.uniform() < accuracy, gold, wrong)

        def statistic(weights: Floats) -> Floats:
            return macro_f1(weights, gold, said, LABELS)

        resampled = draw.bootstrap.replicate(statistic)
        estimate = np.append(statistic(np.ones((1, len(gold)))), resampled)
        return of_share(estimate, draw.size), ci95(resampled)

    return World("macro-F1", name, float(truth[0]), measure)


def worlds() -> Iterator[World]:
    yield calibrated_as("calibrated", (6, 1.5), lambda sure: sure)
    yield calibrated_as("calibrated, very sure", (20, 1), lambda sure: sure)
    yield calibrated_as("right .05 too seldom", (6, 1.5), lambda sure: np.maximum(sure - 0.05, 0))
    yield calibrated_as("very sure, right .10 too seldom", (20, 1), lambda sure: np.maximum(sure - 0.1, 0))
    yield calibrated_as("right in .8 whatever it says", (2, 2), lambda sure: np.full(len(sure), 0.8))
    yield divergent("close", 0.5, 0.5)
    yield divergent("far", 2, 2)
    yield divergent("close, far on 5 %", 0.5, 6)
    yield labelled("labels .4 .3 .3, accuracy .9", (0.4, 0.3, 0.3), 0.9)
    yield labelled("labels .7 .2 .1, accuracy .9", (0.7, 0.2, 0.1), 0.9)
    yield labelled("labels .7 .2 .1, accuracy .6", (0.7, 0.2, 0.1), 0.6)


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    titles = [f"{rows}{f' in {rows // group} groups' if group > 1 else ''}" for rows, group in SIZES]
    print(f"| | student | truth | {' | '.join(f'{title}, ours | percentile' for title in titles)} |")
    print("|" + "---|" * (3 + 2 * len(SIZES)))
    for world in worlds():
        cells = []
        for rows, group in SIZES:
            bootstrap = Bootstrap([f"{row // group:05}" for row in range(rows)], RESAMPLES, 0)
            draw = Draw(bootstrap, Size(rows, rows // group), np.random.default_rng([rows, group]))
            found = [[holds(interval, world.truth) for interval in world.measure(draw)] for _ in range(repeats)]
            cells += [f"{100 * share:.1f}" for share in np.mean(found, axis=0)]
        print(f"| {world.quantity} | {world.name} | {world.truth:.3f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
