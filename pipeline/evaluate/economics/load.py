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

from prompts.messages import Conversation, to_dicts

WORKER = (sys.executable, "-P", "-m", "pipeline.evaluate.economics.load_worker")


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

    @classmethod
    def of(
        cls, concurrency: int, seconds: float, latencies_s: Sequence[float], tokens: Sequence[int | None], failed: int
    ) -> Load:
        """From the answered calls and the seconds that all calls took."""
        counted = [count for count in tokens if count is not None]
        p50, p95 = np.percentile(latencies_s, (50, 95)).tolist() if latencies_s else (None, None)
        speed = sum(counted) / seconds if counted else None
        return cls(concurrency, len(latencies_s) / seconds, speed, p50, p95, len(latencies_s) + failed, failed)


@dataclass(slots=True, frozen=True)
class Measured:
    """A model's loads, and the most memory that its process ever held; `failed` says why loads are missing."""

    loads: tuple[Load, ...]
    peak_memory_bytes: int | None = None
    peak_gpu_bytes: int | None = None
    failed: str | None = None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Measured:
        """The inverse of dataclasses.asdict."""
        return cls(**{**values, "loads": tuple(Load(**load) for load in values["loads"])})


def measure_load(
    spec: str,
    conversations: Sequence[Conversation],
    concurrencies: Sequence[int],
    max_tokens: int,
    tell: Callable[[int, int], None],
) -> Measured:
    """Every conversation asked once at each concurrency, after one that is not counted.

    A concurrency that there are too few conversations for is left out. `tell` hears the concurrency and how many calls
    were answered in all. What ends the other process, such as too little memory, ends no more than the measurement.
    """
    wanted = [number for number in concurrencies if number <= len(conversations)]
    if not wanted:
        return Measured((), failed=f"{len(conversations)} prompts are too few")
    asked = [to_dicts(one) for one in conversations]
    plan = {"spec": spec, "conversations": asked, "concurrencies": wanted, "max_tokens": max_tokens}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(json.dumps(plan).encode() + b"\n")
        given.seek(0)
        process = subprocess.Popen(WORKER, stdin=given, stdout=subprocess.PIPE, stderr=said)
        try:
            found = _listen(process, tell)
            code = process.wait()
        finally:
            process.kill()
            process.communicate()
        missing = wanted[len(found.loads) :]
        return replace(found, failed=f"at concurrency {missing[0]}: {_why(code, said)}") if missing else found


def _listen(process: subprocess.Popen[bytes], tell: Callable[[int, int], None]) -> Measured:
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
    return Measured(tuple(loads), memory["memory"], memory["gpu"])


def _why(code: int, said: IO[bytes]) -> str:
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    said.seek(0)
    words = said.read().decode(errors="replace").strip().splitlines()
    return words[-1] if words else f"its process ended with exit status {code}"
