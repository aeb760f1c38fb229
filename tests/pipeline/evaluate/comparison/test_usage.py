"""Intervals of latencies, speeds, tokens and prices."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.evaluate.answers.contestants import Answer
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.usage import Usage, measure_usage
from pipeline.run.evaluation.estimate import Estimate
from tests.pipeline.evaluate.make import LABELS, ends, known, row


def numbers(usage: Usage) -> list[Estimate | None]:
    return [
        usage.prompt_tokens_mean,
        usage.output_tokens_mean,
        usage.latency_p50_s,
        usage.latency_p95_s,
        usage.output_tokens_per_s,
        usage.cost_per_1000_usd,
    ]


def test_every_number_has_its_interval_and_its_count() -> None:
    rows = [row(f"row {index}") for index in range(80)]
    answers = [
        Answer("spam", "ok", 100 + index % 7, 2 + index % 3, 0.1 + index / 800, cost_usd=0.001 + index / 1e5)
        for index in range(79)
    ]
    usage = measure_usage([*answers, Answer("", "transient")], Resampling(rows, LABELS))
    for number in numbers(usage):
        low, high = ends(number)
        assert low < known(number).value < high
        assert known(number).n == 79
    assert known(usage.cost_per_1000_usd).value == pytest.approx(1000 * np.mean([one.cost_usd for one in answers]))


def test_what_nobody_counted_is_not_known() -> None:
    usage = measure_usage([Answer("spam")] * 3, Resampling([row(name) for name in "abc"], LABELS))
    assert numbers(usage) == [None] * 6
