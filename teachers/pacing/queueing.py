"""A server that queues what it cannot serve, where it never says 429: seen in its latency.

By Little's law a server with c requests in flight that each take l seconds answers c / l a second. While
that grows with c the server has room, however long l is; where c grows and c / l does not, the rest waits
in a queue (the signal of TCP Vegas, Brakmo & Peterson 1995, https://doi.org/10.1109/49.464716).
"""

from __future__ import annotations

from dataclasses import dataclass

STEP = 1.25
"""Two points are compared when the later has so many times the requests in flight of the earlier."""

SAME = 1.05
"""Loads that differ by less are one load."""

SHARE = 0.25
"""The server has room while it turns at least this share of more requests in flight into more answers."""

CONFIRMED = 3  # epochs in a row: replies differ in length, and one epoch can be unlucky
CONFIRMED_S = 1.0  # seconds that they span: a stall of the network or of this machine is no queue
SAMPLES = 32  # replies in an epoch, so that the mean of their latencies says something


@dataclass(slots=True)
class Point:
    """A load, and the mean latency seen at it."""

    in_flight: float
    latency_s: float

    @property
    def rate(self) -> float:
        """Answers a second, by Little's law."""
        return self.in_flight / self.latency_s


class QueueWatch:
    """Compares epochs: one reply for each request in flight, or half as many while the number grows fast."""

    def __init__(self) -> None:
        self._best: Point | None = None
        self._doubts, self._doubted_at = 0, 0.0
        self._begin()

    def see(self, in_flight: int, latency_s: float, now: float, *, starting: bool = False) -> float | None:
        """Adds an answer; the number in flight to go back to where the server is found to queue, else None."""
        self._count += 1
        self._in_flight += in_flight
        self._latency_s += latency_s
        mean = self._in_flight / self._count
        if self._count < (max(4, mean / 2) if starting else max(SAMPLES, mean)):
            return None
        point = Point(self._in_flight / self._count, max(self._latency_s / self._count, 1e-6))
        self._begin()
        return self._compare(point, now)

    def _begin(self) -> None:
        self._count, self._in_flight, self._latency_s = 0, 0, 0.0

    def _compare(self, point: Point, now: float) -> float | None:
        best = self._best
        if best is None or point.in_flight < best.in_flight / STEP:
            self._best, self._doubts = point, 0
            return None
        grown = point.in_flight / best.in_flight
        if grown < STEP:
            if grown < SAME:
                # What is known of this load follows the replies, which get longer and shorter.
                best.latency_s += (point.latency_s - best.latency_s) / 4
            return None
        if point.rate >= best.rate * (1 + SHARE * (grown - 1)):
            self._best, self._doubts = point, 0
            return None
        if not self._doubts:
            self._doubted_at = now
        self._doubts += 1
        if self._doubts < CONFIRMED or now - self._doubted_at < CONFIRMED_S:
            return None
        self._doubts = 0
        return best.in_flight
