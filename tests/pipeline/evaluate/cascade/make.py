"""Rows that student and teacher both answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from pipeline.evaluate.cascade.curve import Rows, handed_over
from pipeline.statistics.auc import Floats

ROW = st.tuples(
    st.none() | st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 1.0]), st.floats(0, 0.01)
)
MARGIN = st.floats(0, 0.5)
Value = tuple[float | None, float, float, float]


def rows_of(values: Sequence[Value], student_usd: float | None = 0.001) -> Rows:
    confidences, students, teachers, dollars = (np.array(column, dtype=float) for column in zip(*values, strict=True))
    groups = [str(number) for number in range(len(values))]
    return Rows(confidences, students, teachers, dollars, student_usd, groups)


def simulated(count: int, seed: int, teacher: float = 0.9) -> Rows:
    """A student that is right as often as it is sure, beside a teacher that is right at any rate."""
    rng = np.random.default_rng(seed)
    confidence_N = rng.beta(4, 1, size=count)
    student_N, teacher_N = (rng.random(count) < confidence_N).astype(float), (rng.random(count) < teacher).astype(float)
    return Rows(confidence_N, student_N, teacher_N, np.full(count, 0.002), 0.0001, [str(n) for n in range(count)])


def score_at(rows: Rows, threshold: float) -> Floats:
    return np.where(handed_over(rows.confidence_N, threshold), rows.teacher_N, rows.student_N)
