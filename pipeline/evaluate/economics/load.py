"""A model under load: asked in a process of its own, by closed loops of callers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import IO

from pipeline.evaluate.comparison.resampling import as_pair
from pipeline.evaluate.comparison.usage import latency
from pipeline.process.die_with_parent import die_with_parent
from pipeline.run.evaluation.costs import Load
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.parse import parse
from pipeline.statistics.rates import LEAST_ROUNDS, rate_ci95
from prompts.messages import Conversation, to_dicts

WORKER = (sys.executable, "-P", "-m", "pipeline.evaluate.economics.load_worker")


@dataclass(slots=True, frozen=True)
class Call:
    """An answered call; `ended_s` counts from the first question."""

    ended_s: float
    latency_s: float
    output_tokens: int | None


@dataclass(slots=True, frozen=True)
class LoadPlan:
    """A model, and the loads it is put under."""

    spec: str
    concurrencies: tuple[int, ...]
    requests: int
    """Calls at each concurrency, at least."""
    max_tokens: int


@dataclass(slots=True, frozen=True)
class LoadMeasurement:
    """A model's loads, and the most memory that its process ever held; `failed` says why loads are missing."""

    loads: tuple[Load, ...]
    peak_memory_bytes: int | None = None
    peak_gpu_bytes: int | None = None
    failed: str | None = None


@dataclass(slots=True, frozen=True)
class LoadReport:
    """A line of the worker: a load that was measured, and its process's memory until then."""

    load: Load
    peak_memory_bytes: int
    peak_gpu_bytes: int | None


@dataclass(slots=True, frozen=True)
class CallReport:
    """A line of the worker: a call that ended."""

    concurrency: int


def asked_at(concurrency: int, requests: int) -> int:
    """Counts the calls at a concurrency: enough rounds of callers for an interval."""
    return max(requests, LEAST_ROUNDS * concurrency)


def to_load(concurrency: int, seconds: float, calls: Sequence[Call], failed: int) -> Load:
    """Makes a load of the answered calls and the seconds that all calls took."""
    if not calls:
        return Load(concurrency, failed, failed, Estimate(0.0, None, 0), None, None, None)
    ordered = sorted(calls, key=lambda call: call.ended_s)
    latencies_s = [call.latency_s for call in ordered]
    # The last round ends when all callers have run out.
    ended_s = [*(call.ended_s for call in ordered[:-1]), seconds]
    calls_ci95 = rate_ci95([1.0] * len(calls), ended_s, concurrency)
    return Load(
        concurrency,
        requests=len(calls) + failed,
        failed=failed,
        calls_per_s=Estimate(len(calls) / seconds, as_pair(calls_ci95), len(calls)),
        output_tokens_per_s=_tokens_per_s(ordered, ended_s, concurrency),
        latency_p50_s=latency(latencies_s, 0.50),
        latency_p95_s=latency(latencies_s, 0.95),
    )


def _tokens_per_s(ordered: Sequence[Call], ended_s: Sequence[float], concurrency: int) -> Estimate | None:
    if all(call.output_tokens is None for call in ordered):
        return None
    tokens = [call.output_tokens or 0 for call in ordered]
    ci95 = rate_ci95(tokens, ended_s, concurrency)
    return Estimate(sum(tokens) / ended_s[-1], as_pair(ci95), len(ordered))


def measure_load(
    plan: LoadPlan, conversations: Sequence[Conversation], on_call: Callable[[int, int], None]
) -> LoadMeasurement:
    """Asks at each concurrency the first conversations, as many as `asked_at` says, after one that is not counted.

    A concurrency that there are too few conversations for is left out. `on_call` is told the concurrency and how many
    calls have ended in all. What ends the other process, such as too little memory, ends no more than the measurement.
    """
    concurrencies = tuple(number for number in plan.concurrencies if number <= len(conversations))
    if not concurrencies:
        return LoadMeasurement((), failed=f"{len(conversations)} prompts are too few")
    order = asdict(replace(plan, concurrencies=concurrencies))
    order["conversations"] = [to_dicts(conversation) for conversation in conversations]
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as errors:
        given.write(json.dumps(order).encode() + b"\n")
        given.seek(0)
        # Files and no pipes for what goes in and for errors: nobody reads them while the worker's lines are read.
        process = subprocess.Popen(die_with_parent(WORKER), stdin=given, stdout=subprocess.PIPE, stderr=errors)
        try:
            measured = _listen(process, on_call)
            code = process.wait()
        finally:
            process.kill()
            process.communicate()
        missing = concurrencies[len(measured.loads) :]
        if missing:
            return replace(measured, failed=f"at concurrency {missing[0]}: {_why(code, errors)}")
        return measured


def _listen(process: subprocess.Popen[bytes], on_call: Callable[[int, int], None]) -> LoadMeasurement:
    measured = LoadMeasurement(())
    ended = 0
    assert process.stdout is not None
    for line in process.stdout:
        # Each load carries the peak until then: from the lowest concurrency up, the last is the most.
        if line.startswith(b'{"load"'):
            report = parse(LoadReport, line)
            loads = (*measured.loads, report.load)
            measured = LoadMeasurement(loads, report.peak_memory_bytes, report.peak_gpu_bytes)
        else:
            ended += 1
            on_call(parse(CallReport, line).concurrency, ended)
    return measured


def _why(code: int, errors: IO[bytes]) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    if lines:
        return lines[-1]
    return f"its process ended with exit status {code}"
