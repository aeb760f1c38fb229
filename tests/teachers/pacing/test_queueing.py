"""A server that queues, seen in its latency: by Little's law."""

from __future__ import annotations

import pytest

from teachers.pacing.queueing import CONFIRMED, SAMPLES, Point, QueueWatch

LOADS = [4, 8, 16, 32, 64]


def climb(watch: QueueWatch, latency_of: dict[int, float], epochs: int, step_s: float = 1.0) -> float | None:
    """Answers at each load for some epochs; the load to go back to, once one is said."""
    now = 0.0
    for load in LOADS:
        for _ in range(epochs):
            now += step_s
            for _ in range(max(SAMPLES, load)):
                back = watch.see(load, latency_of[load], now)
                if back is not None:
                    return back
    return None


def test_a_point_answers_by_littles_law() -> None:
    assert Point(8, 2.0).rate == 4.0


@pytest.mark.parametrize("latency_s", [0.01, 1.0, 30.0])
def test_a_server_with_room_is_never_taken_for_one_that_queues(latency_s: float) -> None:
    assert climb(QueueWatch(), dict.fromkeys(LOADS, latency_s), epochs=5) is None


def test_a_server_that_serves_sixteen_at_once_is_found_to_queue() -> None:
    latency_of = {load: 1.0 if load <= 16 else load / 16 for load in LOADS}
    assert climb(QueueWatch(), latency_of, epochs=5) == pytest.approx(16)


def test_a_single_bad_epoch_or_a_short_stall_is_no_queue() -> None:
    latency_of = {load: 1.0 if load <= 16 else load / 16 for load in LOADS}
    assert climb(QueueWatch(), latency_of, epochs=1) is None
    watch = QueueWatch()
    for load, latency_s in ((16, 1.0), (32, 2.0)):
        for _ in range(SAMPLES * CONFIRMED):
            assert watch.see(load, latency_s, now=5.0) is None  # all in one moment
