"""What every peer's script shares. It runs in the peer's environment: the standard library alone."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SYSTEM = "You sort mails. Answer with one word, spam or ham."
FILLER = "word " * 120


@dataclass
class Job:
    """What is asked, and what it took."""

    url: str
    requests: int
    in_flight: int
    rows: int = 0
    wall_s: float = 0.0
    cpu_ms: float = 0.0

    @classmethod
    def from_arguments(cls) -> Job:
        return cls(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

    @property
    def texts(self) -> list[str]:
        return [f"Mail {number}: {FILLER}" for number in range(self.requests)]

    def tell(self) -> None:
        """One line for whoever runs the script."""
        print(json.dumps(vars(self)), flush=True)


@contextmanager
def timed(job: Job) -> Iterator[None]:
    """Fills in the job's time and CPU, imports apart."""
    started, used = time.perf_counter(), time.process_time()
    yield
    job.wall_s = time.perf_counter() - started
    job.cpu_ms = (time.process_time() - used) / job.requests * 1000
