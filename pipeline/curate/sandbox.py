"""Processes that run a user's verifier within limits. It keeps accidents in; it is no wall against malice.

A worker (verify_worker.py) loads the verifier once and forks for each sample. One that dies, or does not answer in
time, is replaced, and costs the run the one sample it had.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from prompts.errors import InputError

WORKER = Path(__file__).with_name("verify_worker.py")
LOAD_S = 60
"""Seconds a verifier's file may take to import."""
GRACE_S = 5
"""Seconds beyond a sample's own that its worker has to clean up."""


@dataclass(slots=True, frozen=True)
class Job:
    """What to run: a function of a Python file, or else a command; and the limits of one sample."""

    function: tuple[str, str] | None
    command: tuple[str, ...]
    timeout_s: float
    memory_mb: int


class WorkerGone(Exception):
    """The worker ended, or is to be ended because it does not answer."""


def run_all(job: Job, samples: Sequence[Mapping[str, Any]], workers: int | None = None) -> list[dict[str, Any]]:
    """The verifier's answer to each sample, in order, from `workers` processes at once, by default one a core.

    An answer has one key of: passed, error, timeout, memory, code (a command's exit status, with its `last` line).
    InputError where the verifier cannot be loaded.
    """
    count = min(workers or os.cpu_count() or 1, len(samples))
    if not count:
        return []
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        idle: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(count):
            idle.put(stack.enter_context(contextlib.closing(_Worker(job, folder))))
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda sample: _ask(idle, sample), samples))


def _ask(idle: SimpleQueue[_Worker], sample: Mapping[str, Any]) -> dict[str, Any]:
    worker = idle.get()
    try:
        return worker.ask(sample)
    finally:
        idle.put(worker)


class _Worker:
    def __init__(self, job: Job, folder: str) -> None:
        self._job, self._folder = job, folder
        self._start()

    def ask(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._write(sample)
            return self._read(self._job.timeout_s + GRACE_S)
        except WorkerGone:
            self.close()
            self._start()
            return {"error": "the worker was ended"}

    def close(self) -> None:
        """Ends the worker, and by it the sample it has."""
        process = self._process
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_bare_environment(self._folder),
            start_new_session=True,
        )
        self._buffer = b""
        try:
            self._write({name: getattr(self._job, name) for name in Job.__slots__})
            answer = self._read(LOAD_S)
        except WorkerGone:
            answer = {"failed": f"its file ended the process, or took more than {LOAD_S} s to import"}
        if "failed" in answer:
            self.close()
            function = ":".join(self._job.function or ())
            raise InputError(f"{function} cannot be loaded: {answer['failed']}", field="curate.steps.verify.function")

    def _write(self, value: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None  # it is a pipe
        try:
            self._process.stdin.write(json.dumps(value).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise WorkerGone from error

    def _read(self, timeout_s: float) -> dict[str, Any]:
        """A line of the worker's, which keeps to the time limit however slowly it comes."""
        assert self._process.stdout is not None  # it is a pipe
        until = time.monotonic() + timeout_s
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
            data = os.read(pipe, 1 << 16) if ready else b""
            if not data:
                raise WorkerGone
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _bare_environment(folder: str) -> dict[str, str]:
    """No keys: a path to find commands by, and a language."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TMPDIR": folder, "HOME": folder}
