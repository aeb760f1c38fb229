"""How a model does under load: asked in a process of its own, by closed loops of callers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np

from pipeline.process.die_with_parent import die_with_parent
from pipeline.statistics.rates import LEAST_ROUNDS, Ends, quantile_ci95, rate_ci95
from prompts.messages import Conversation, to_dicts

WORKER = (sys.executable, "-P", "-m", "pipeline.evaluate.economics.load_worker")


@dataclass(slots=True, frozen=True)
class Call:
    """An answered call; `ended_s` counts from the first question."""

    ended_s: float
    latency_s: float
    output_tokens: int | None


@dataclass(slots=True, frozen=True)
class Load:
    """A model asked by so many callers at once, each of whom asks again as soon as it is answered."""

    concurrency: int
    calls_per_s: float
    """Answered calls over the time from the first question to the last answer, in which the last callers run out."""
    output_tokens_per_s: float | None
    """Of all calls together; None where the model does not count them."""
    latency_p50_s: float | None
    """Over answered calls; waiting for a place counts."""
    latency_p95_s: float | None
    requests: int
    failed: int
    calls_per_s_ci95: list[float] | None = None
    """None with fewer than four rounds of `concurrency` calls."""
    output_tokens_per_s_ci95: list[float] | None = None
    latency_p50_s_ci95: Ends | None = None
    latency_p95_s_ci95: Ends | None = None
    """Its upper end is None with fewer than 72 calls."""

    @classmethod
    def of(cls, concurrency: int, seconds: float, calls: Sequence[Call], failed: int) -> Load:
        """From the answered calls and the seconds that all calls took."""
        if not calls:
            return cls(concurrency, 0.0, None, None, None, failed, failed)
        ordered = sorted(calls, key=lambda call: call.ended_s)
        latencies_s = [call.latency_s for call in ordered]
        ended_s = [*(call.ended_s for call in ordered[:-1]), seconds]
        tokens = [call.output_tokens or 0 for call in ordered]
        counted = any(call.output_tokens is not None for call in ordered)
        p50, p95 = np.percentile(latencies_s, (50, 95)).tolist()
        return cls(
            concurrency,
            len(calls) / seconds,
            sum(tokens) / seconds if counted else None,
            p50,
            p95,
            len(calls) + failed,
            failed,
            rate_ci95([1.0] * len(calls), ended_s, concurrency),
            rate_ci95(tokens, ended_s, concurrency) if counted else None,
            quantile_ci95(latencies_s, 0.50),
            quantile_ci95(latencies_s, 0.95),
        )


@dataclass(slots=True, frozen=True)
class LoadMeasurement:
    """A model's loads, and the most memory that its process ever held; `failed` says why loads are missing."""

    loads: tuple[Load, ...]
    peak_memory_bytes: int | None = None
    peak_gpu_bytes: int | None = None
    failed: str | None = None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LoadMeasurement:
        """The inverse of dataclasses.asdict."""
        return cls(**{**values, "loads": tuple(Load(**load) for load in values["loads"])})


def asked_at(concurrency: int, requests: int) -> int:
    """Calls at a concurrency: enough rounds of callers for an interval."""
    return max(requests, LEAST_ROUNDS * concurrency)


def measure_load(
    spec: str,
    conversations: Sequence[Conversation],
    concurrencies: Sequence[int],
    requests: int,
    max_tokens: int,
    tell: Callable[[int, int], None],
) -> LoadMeasurement:
    """At each concurrency the first conversations, as many as `asked_at` says, after one that is not counted.

    A concurrency that there are too few conversations for is left out. `tell` hears the concurrency and how many calls
    were answered in all. What ends the other process, such as too little memory, ends no more than the measurement.
    """
    wanted = [number for number in concurrencies if number <= len(conversations)]
    if not wanted:
        return LoadMeasurement((), failed=f"{len(conversations)} prompts are too few")
    asked = [to_dicts(one) for one in conversations]
    plan = {
        **{"spec": spec, "conversations": asked, "max_tokens": max_tokens},
        **{"concurrencies": wanted, "requests": requests},
    }
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(json.dumps(plan).encode() + b"\n")
        given.seek(0)
        process = subprocess.Popen(die_with_parent(WORKER), stdin=given, stdout=subprocess.PIPE, stderr=said)
        try:
            found = _listen(process, tell)
            code = process.wait()
        finally:
            process.kill()
            process.communicate()
        missing = wanted[len(found.loads) :]
        return replace(found, failed=f"at concurrency {missing[0]}: {_why(code, said)}") if missing else found


def _listen(process: subprocess.Popen[bytes], tell: Callable[[int, int], None]) -> LoadMeasurement:
    loads: list[Load] = []
    memory: dict[str, int | None] = {"memory": None, "gpu": None}
    answered = 0
    assert process.stdout is not None
    for line in map(json.loads, process.stdout):
        if "load" in line:
            loads.append(Load(**line["load"]))
            memory = line["peak"]
        else:
            answered += 1
            tell(line["concurrency"], answered)
    return LoadMeasurement(tuple(loads), memory["memory"], memory["gpu"])


def _why(code: int, said: IO[bytes]) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    said.seek(0)
    words = said.read().decode(errors="replace").strip().splitlines()
    return words[-1] if words else f"its process ended with exit status {code}"
