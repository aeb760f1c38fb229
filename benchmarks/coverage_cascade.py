"""How often the chosen cascade's intervals hold the truth: python -m benchmarks.coverage_cascade [--repeats 1000]

Three worlds in which the truth is known, at 60, 200 and 1,000 rows. Of each draw a threshold is chosen; its true score
and its true difference to the teacher are read off a population of 400,000 rows. A draw on which none is chosen counts
for nothing, as evaluation.json then has no interval. Beside ours: the interval of the very rows that the threshold was
chosen on, and the choice of the lowest of all thresholds that keep to the margin.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from pipeline.evaluate.cascade import choose as choosing
from pipeline.evaluate.cascade.curve import ALWAYS, Bools, Rows, handed_over, resample
from pipeline.evaluate.cascade.expected import expect
from pipeline.statistics.auc import Floats
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import of_difference, of_share

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


def lowest(fails_RK: Bools) -> npt.NDArray[np.int64]:
    """[R]: the place of the lowest threshold that keeps to the margin, whatever those above it do."""
    found: npt.NDArray[np.int64] = (~fails_RK).argmax(axis=1)
    return found


def repeat(world: World, truth: Truth, rows: int, seed: int) -> list[float] | None:
    """What one draw gives, in the order of COLUMNS; None where no threshold is chosen."""
    sure_N, student_N, teacher_N = world.draw(rows, np.random.default_rng([seed, rows]))
    drawn = Rows(sure_N, student_N, teacher_N, None, None, [f"{number:05}" for number in range(rows)])
    threshold = choosing.choose(sure_N, student_N, teacher_N, MARGIN)
    if threshold == ALWAYS:
        return None
    bootstrap, true = Bootstrap(drawn.groups_N, RESAMPLES, seed), truth.difference(threshold)
    found = expect(drawn, threshold, MARGIN, bootstrap, seed)
    ours = _column(found.minus_teacher.value, found.minus_teacher.interval, found.score.interval, true, truth.teacher)
    share = truth.handed_over(threshold)
    handed = found.handed_over
    shares = [handed.value - share, _holds(handed.interval, share), share]
    return [*ours, *_naive(drawn, threshold, bootstrap, truth), true, float(true < -2 * MARGIN), *shares]


def _naive(drawn: Rows, threshold: float, bootstrap: Bootstrap, truth: Truth) -> list[float]:
    """The same of the very rows that the threshold was chosen on."""
    mixed_N = np.where(handed_over(drawn.confidence_N, threshold), drawn.teacher_N, drawn.student_N)
    mine, teacher = resample(bootstrap, np.stack([mixed_N, drawn.teacher_N], axis=1)).T
    ends, score = of_difference(mine, teacher, drawn.size), of_share(mine, drawn.size)
    return _column(mine[0] - teacher[0], ends, score, truth.difference(threshold), truth.teacher)


def _column(
    difference: float, ends: Sequence[float] | None, score: Sequence[float] | None, true: float, teacher: float
) -> list[float]:
    return [difference - true, _holds(score, teacher + true), _holds(ends, true)]


COLUMNS = (
    *("bias", "score held", "difference held"),
    *("naive bias", "naive score held", "naive difference held"),
    *("true difference", "below twice the margin", "share's bias", "share held", "true share"),
)


def _holds(interval: Sequence[float] | None, true: float) -> float:
    return float(interval is not None and interval[0] - 1e-12 <= true <= interval[1] + 1e-12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    arguments = parser.parse_args()
    print("| world | rows | choice | chosen |", " | ".join(COLUMNS), "|")
    print("|---" * (4 + len(COLUMNS)) + "|")
    for world in WORLDS:
        truth = Truth(world)
        for rows in ROWS:
            for name, way in (("in order", choosing.in_order), ("lowest", lowest)):
                with patch.object(choosing, "in_order", way):  # the whole procedure, with another choice in it
                    all_ = [repeat(world, truth, rows, seed) for seed in range(arguments.repeats)]
                found = [one for one in all_ if one is not None]
                numbers = [len(found) / len(all_), *np.mean(found, axis=0)]
                print(f"| {world.name} | {rows} | {name} |", " | ".join(f"{n:.3f}" for n in numbers), "|", flush=True)


if __name__ == "__main__":
    main()
