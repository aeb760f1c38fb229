"""How often the bake-off's intervals hold the truth: python -m benchmarks.coverage_bakeoff [REPEATS]

Simulated slices of five teachers of known accuracy. What differs from evaluation.json: the differences are to the one
that came out best on these very rows, luck included. The right answers of all go together (correlation 0.6).
"""

from __future__ import annotations

import sys
from statistics import NormalDist

import numpy as np

from benchmarks.coverage import SHARED, holds
from pipeline.bakeoff.decision import Choice, decide
from pipeline.bakeoff.measure import MeasuredTeacher

REPEATS, RESAMPLES = 500, 1000
ROWS = (30, 100, 300)
SLICES = {"all alike": (0.85,) * 5, "one ahead": (0.9, 0.8, 0.8, 0.8, 0.8), "spread": (0.9, 0.85, 0.8, 0.7, 0.6)}


def draw(accuracies: tuple[float, ...], rows: int, rng: np.random.Generator) -> Choice:
    """The choice on one slice; a teacher's label is its place."""
    latent = np.sqrt(SHARED) * rng.standard_normal(rows) + np.sqrt(1 - SHARED) * rng.standard_normal((5, rows))
    limits = np.array([NormalDist().inv_cdf(accuracy) for accuracy in accuracies])
    measured = [
        MeasuredTeacher(str(place), "scripted:", tuple(scores), rows, {"ok": rows}, 1.0, (0.5,), None)
        for place, scores in enumerate((latent < limits[:, None]).astype(float).tolist())
    ]
    return decide(measured, [f"{row:05}" for row in range(rows)], resamples=RESAMPLES, seed=0)


def measure(accuracies: tuple[float, ...], rows: int, repeats: int) -> tuple[float, float, float]:
    """How often the scores' intervals and the differences' hold the truth, and how often a best one is called worse."""
    scores, differences, worse = [], [], []
    best = max(accuracies)
    for repeat in range(repeats):
        found = draw(accuracies, rows, np.random.default_rng([rows, repeat]))
        seemed = accuracies[int(found.best or 0)]
        for one, accuracy in zip(found.standings, accuracies, strict=True):
            scores.append(holds(list(one.ci95), accuracy))
            if one.measured.label != found.best:
                differences.append(holds(list(one.minus_best.ci95), accuracy - seemed))
            if accuracy == best:
                worse.append(one.minus_best.significantly_below)
    return float(np.mean(scores)), float(np.mean(differences)), float(np.mean(worse))


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    print("| teachers | rows | score | difference to the best | a best one called worse |\n|---|---|---|---|---|")
    for name, accuracies in SLICES.items():
        for rows in ROWS:
            cells = (f"{100 * share:.1f}" for share in measure(accuracies, rows, repeats))
            print(f"| {name} | {rows} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
