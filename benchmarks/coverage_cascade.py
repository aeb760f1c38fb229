"""How often the chosen cascade's intervals hold the truth: python -m benchmarks.coverage_cascade [--repeats 1000]

Three worlds in which the truth is known, at 60, 200 and 1,000 rows. Of each draw a threshold is chosen; its true score
and its true difference to the teacher are read off a population of 400,000 rows. Beside ours: the interval of the very
rows that the threshold was chosen on, and the choice of the lowest of all thresholds that keep to the margin.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.auc import Floats
from pipeline.evaluate.bootstrap import Bootstrap
from pipeline.evaluate.cascade import choose as choosing
from pipeline.evaluate.cascade.choose import choose, cross_fitted
from pipeline.evaluate.cascade.curve import handed_over, thresholds
from pipeline.evaluate.statistics.intervals import Size, of_difference, of_share

MARGIN = 0.01
POPULATION = 400_000
ROWS = (60, 200, 1000)
RESAMPLES = 400


@dataclass(slots=True, frozen=True)
class World:
    """The student is right with probability c, its confidence; the teacher with one that depends on c."""

    name: str
    beta: tuple[float, float]
    """Of the distribution of c."""
    teacher: Callable[[Floats], Floats]

    def draw(self, rows: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Confidence, student's scores, teacher's scores."""
        sure_N = rng.beta(*self.beta, size=rows)
        student_N = (rng.random(rows) < sure_N).astype(float)
        return sure_N, student_N, (rng.random(rows) < self.teacher(sure_N)).astype(float)


WORLDS = (
    World("near the teacher", (6, 1.5), lambda sure: 0.75 + 0.2 * sure),
    World("far below it", (2, 1.5), lambda sure: 0.9 + 0.05 * sure),
    World("its equal", (8, 1), lambda sure: sure),
)


class Truth:
    """A world's population."""

    def __init__(self, world: World) -> None:
        sure_N, student_N, teacher_N = world.draw(POPULATION, np.random.default_rng(2026))
        order = np.argsort(sure_N)
        self._sure_N = sure_N[order]
        gained_N = (student_N - teacher_N)[order]
        self._tails_N = np.append(np.cumsum(gained_N[::-1])[::-1], 0.0) / POPULATION
        self.teacher = float(teacher_N.mean())

    def difference(self, threshold: float) -> float:
        """The cascade's true score less the teacher's."""
        return float(self._tails_N[np.searchsorted(self._sure_N, threshold)])

    def handed_over(self, threshold: float) -> float:
        """The true share."""
        return float(np.searchsorted(self._sure_N, threshold) / POPULATION)


def lowest(confidence_N: Floats, student_N: Floats, teacher_N: Floats, margin: float) -> float:
    """The lowest of all thresholds that keep to the margin, whatever those above it do."""
    candidates = thresholds(confidence_N).tolist()
    kept = [confidence_N >= threshold for threshold in candidates]
    lost = [float(((teacher_N - student_N) * keep).mean()) for keep in kept]
    return float(next(one for one, much in zip(candidates, lost, strict=True) if much <= margin + 1e-9))


def repeat(world: World, truth: Truth, rows: int, seed: int) -> list[float]:
    """What one draw gives, in the order of COLUMNS."""
    sure_N, student_N, teacher_N = world.draw(rows, np.random.default_rng([seed, rows]))
    names = [str(number) for number in range(rows)]
    threshold = choosing.choose(sure_N, student_N, teacher_N, MARGIN)
    handed_N = cross_fitted(sure_N, student_N, teacher_N, names, margin=MARGIN, seed=seed)
    ours_N = np.where(handed_N, teacher_N, student_N)
    naive_N = np.where(handed_over(sure_N, threshold), teacher_N, student_N)
    scores = np.stack([ours_N, teacher_N, naive_N], axis=1)
    estimates = np.vstack([scores.mean(axis=0), Bootstrap(names, RESAMPLES, seed).means(scores)])
    true, size = truth.difference(threshold), Size(rows, rows)
    found = []
    for column in (0, 2):
        mine, teacher = estimates[:, column], estimates[:, 1]
        found.append(float(mine[0] - teacher[0]) - true)
        found.append(_holds(of_share(mine, size), truth.teacher + true))
        found.append(_holds(of_difference(mine, teacher, size), true))
    return [*found, true, float(true < -2 * MARGIN), truth.handed_over(threshold)]


COLUMNS = (
    *("bias", "score held", "difference held"),
    *("naive bias", "naive score held", "naive difference held"),
    *("true difference", "below twice the margin", "handed over"),
)


def _holds(interval: list[float] | None, true: float) -> float:
    return float(interval is not None and interval[0] <= true <= interval[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    arguments = parser.parse_args()
    print("| world | rows | choice |", " | ".join(COLUMNS), "|")
    print("|---" * (3 + len(COLUMNS)) + "|")
    for world in WORLDS:
        truth = Truth(world)
        for rows in ROWS:
            for name, way in (("in order", choose), ("lowest", lowest)):
                choosing.choose = way  # the whole procedure, with another choice in it
                found = np.mean([repeat(world, truth, rows, seed) for seed in range(arguments.repeats)], axis=0)
                print(
                    f"| {world.name} | {rows} | {name} |",
                    " | ".join(f"{value:.3f}" for value in found),
                    "|",
                    flush=True,
                )


if __name__ == "__main__":
    main()
