"""The laws of a bucket, over any order of taking, giving back and waiting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teachers.pacing.bucket import Bucket

amounts = st.floats(0.01, 50, allow_nan=False)
rates = st.floats(0.1, 100, allow_nan=False)
waits = st.floats(0, 5, allow_nan=False)


@given(rates, st.floats(1, 50), st.lists(st.tuples(amounts, waits), min_size=1, max_size=60))
def test_no_window_has_more_than_the_rate_and_the_burst(
    rate: float, burst: float, asked: list[tuple[float, float]]
) -> None:
    bucket, now = Bucket(rate, burst, 0.0), 0.0
    taken: list[tuple[float, float]] = []
    for amount, wait in asked:
        now = bucket.ready_at(amount, now + wait)
        bucket.take(amount, now)
        taken.append((now, amount))
    largest = max(amount for _, amount in taken)
    for first, (start, _) in enumerate(taken):
        total = 0.0
        for moment, amount in taken[first:]:
            total += amount
            assert total <= rate * (moment - start) + max(burst, largest) + 1e-6


@given(rates, st.floats(1, 50), amounts, amounts, waits)
def test_what_is_given_back_is_as_if_only_the_truth_had_been_taken(
    rate: float, burst: float, reserved: float, used: float, wait: float
) -> None:
    """Exact wherever neither fills the bucket in between: what runs over is lost."""
    settled, honest = Bucket(rate, burst, 0.0, level=0.0), Bucket(rate, burst, 0.0, level=0.0)
    settled.take(reserved, 0.0)
    honest.take(used, 0.0)
    settled.give_back(reserved - used, wait)
    if rate * wait - min(reserved, used) < burst:
        assert settled.level(wait) == pytest.approx(honest.level(wait), abs=1e-6)
    assert settled.level(wait) <= burst


@given(rates, st.floats(1, 50), amounts)
def test_what_may_be_taken_at_a_moment_may_be_taken_then(rate: float, burst: float, amount: float) -> None:
    bucket = Bucket(rate, burst, 0.0, level=0.0)
    at = bucket.ready_at(amount, 0.0)
    assert at > 0
    assert bucket.ready_at(amount, at) == at


def test_a_quota_a_minute_is_spread_over_it() -> None:
    bucket = Bucket.per_minute(600, 0.0)
    now = 0.0
    for _ in range(610):
        now = bucket.ready_at(1, now)
        bucket.take(1, now)
    assert now == pytest.approx(60.0)


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    bucket = Bucket(1.0, 5.0, 100.0, level=0.0)
    assert bucket.level(100.0) == 0
    assert bucket.level(50.0) == 0
