"""How often intervals of latencies and speeds hold the truth: python -m benchmarks.coverage_latency [--repeats 2000]

Latencies are drawn from two distributions whose quantiles are known; a missing end counts as held. Speeds are those of
simulated closed loops of callers; the truth is what as many calls take in the mean of 20,000 other loops.
"""

from __future__ import annotations

import argparse
import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from pipeline.evaluate.economics.load import asked_at
from pipeline.statistics.rates import quantile_ci95, rate_ci95

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
Server = Callable[[np.random.Generator, int, int], tuple[Floats, Floats]]
"""Output tokens and ends of so many calls of so many callers, in the order they ended."""

SPREAD = 0.5
"""Of the logarithm of a latency."""
SLOW, TIMES = 0.04, 10.0
"""So many calls take so many times as long: a 95th percentile just below a gap."""
CALLS = (32, 72, 173, 1000)
CONCURRENCIES = (1, 4, 16)
TRUTH_LOOPS = 20_000
MEAN_TOKENS = 4.5


def lognormal(rng: np.random.Generator, calls: int) -> Floats:
    """Latencies, seconds."""
    return rng.lognormal(0, SPREAD, calls)


def with_slow_ones(rng: np.random.Generator, calls: int) -> Floats:
    """The same, a few of them much slower."""
    return lognormal(rng, calls) * np.where(rng.random(calls) < SLOW, TIMES, 1.0)


def quantile(draw: Draw, share: float) -> float:
    """The true one."""
    normal, low, high = NormalDist(), 1e-6, 1e6
    parts = ((1 - SLOW, 1.0), (SLOW, TIMES)) if draw is with_slow_ones else ((1.0, 1.0),)
    for _ in range(200):
        middle = math.sqrt(low * high)
        below = sum(weight * normal.cdf(math.log(middle / scale) / SPREAD) for weight, scale in parts)
        low, high = (middle, high) if below < share else (low, middle)
    return low


def own_places(rng: np.random.Generator, calls: int, places: int) -> tuple[Floats, Floats]:
    """A server that slows nobody: every caller waits for its own answer alone."""
    tokens = rng.integers(1, 9, calls).astype(np.float64)
    seconds = (0.2 + 0.05 * tokens) * lognormal(rng, calls)
    free, ended = [0.0] * places, []
    for took, count in zip(seconds, tokens, strict=True):
        end = heapq.heappop(free) + took
        heapq.heappush(free, end)
        ended.append((end, count))
    ended.sort()
    return np.array([count for _, count in ended]), np.array([end for end, _ in ended])


def batches(rng: np.random.Generator, calls: int, places: int) -> tuple[Floats, Floats]:
    """A server that decodes what is in flight together: a batch ends with its longest answer."""
    tokens = rng.integers(1, 9, calls).astype(np.float64)
    ends, now = np.empty(calls), 0.0
    for start in range(0, calls, places):
        now += (0.2 + 0.05 * tokens[start : start + places].max()) * float(lognormal(rng, 1)[0])
        ends[start : start + places] = now
    return tokens, ends


def main() -> None:
    """Prints two tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    repeats, rng = parser.parse_args().repeats, np.random.default_rng(0)
    print("| latencies | calls | p50 held, % | p95 held, % | p95 with an upper end, % |\n|---|--:|--:|--:|--:|")
    for draw in (lognormal, with_slow_ones):
        for calls in CALLS:
            print(f"| {draw.__name__} | {calls:,} | {_latencies(draw, calls, repeats, rng)} |", flush=True)
    print("\n| server | in flight | calls | calls/s held, % | tokens/s held, % |\n|---|--:|--:|--:|--:|")
    for server in (own_places, batches):
        for places in CONCURRENCIES:
            calls = asked_at(places, CALLS[0])
            print(f"| {server.__name__} | {places} | {calls} | {_speeds(server, calls, places, repeats, rng)} |")


def _latencies(draw: Draw, calls: int, repeats: int, rng: np.random.Generator) -> str:
    draws = [draw(rng, calls).tolist() for _ in range(repeats)]
    p50, p95 = ([quantile_ci95(one, share) for one in draws] for share in (0.50, 0.95))
    truths = quantile(draw, 0.50), quantile(draw, 0.95)
    held = [_percent(_holds(ends, truth) for ends in found) for found, truth in zip((p50, p95), truths, strict=True)]
    return " | ".join([*held, _percent(ends is not None and ends[1] is not None for ends in p95)])


def _speeds(server: Server, calls: int, places: int, repeats: int, rng: np.random.Generator) -> str:
    seconds = np.mean([server(rng, calls, places)[1][-1] for _ in range(TRUTH_LOOPS)])
    loops = [server(rng, calls, places) for _ in range(repeats)]
    speeds = (_holds(rate_ci95([1.0] * calls, ends.tolist(), places), calls / seconds) for _, ends in loops)
    truth = calls * MEAN_TOKENS / seconds
    tokens = (_holds(rate_ci95(counts.tolist(), ends.tolist(), places), truth) for counts, ends in loops)
    return f"{_percent(speeds)} | {_percent(tokens)}"


def _holds(ends: Sequence[float | None] | None, truth: float) -> bool:
    assert ends is not None  # every draw here is large enough for an interval
    low, high = ends
    return (low is None or low <= truth) and (high is None or truth <= high)


def _percent(hits: Iterable[bool]) -> str:
    return f"{100 * float(np.mean(list(hits))):.1f}"


if __name__ == "__main__":
    main()
