"""Processes that run a user's verifier within limits. It keeps accidents in; it is no wall against malice.

A worker (sandbox_worker.py) loads the verifier once and forks for each sample. One that dies, or does not answer in
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
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from prompts.errors import InputError

WORKER = Path(__file__).with_name("sandbox_worker.py")
LOAD_S = 60
"""Seconds a verifier's file may take to import."""
GRACE_S = 5
"""Seconds beyond a sample's own that its worker has to clean up."""


@dataclass(slots=True, frozen=True)
class Job:
    """A thing to run: a function of a Python file, or else a command; and the limits of one sample."""

    function: tuple[str, str] | None
    command: tuple[str, ...]
    timeout_s: float
    memory_mb: int
    numbers: bool = False
    """Whether the function answers with a number rather than yes or no."""
    field: str = "curate.steps.verify.function"
    """The recipe's field that names it."""


class WorkerGone(Exception):
    """The worker ended, or is to be ended because it does not answer."""


_Result = tuple[int, dict[str, Any]] | BaseException
"""A sample's number and its answer, or what went wrong with the work itself."""


def run_all(
    job: Job,
    count: int,
    sample_of: Callable[[int], Mapping[str, Any]],
    *,
    workers: int | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> list[dict[str, Any]]:
    """The verifier's answers to samples 0 to `count` - 1, in order, from `workers` processes at once, or one a core.

    An answer has one key of: passed, value (a number), error, timeout, memory, code (a command's exit status, with its
    `last` line).
    `tell` hears in this thread how many are done. InputError where the verifier cannot be loaded. Whatever ends this
    call early, Ctrl-C too, ends the samples under way.
    """
    size = min(workers or os.cpu_count() or 1, count)
    if not size:
        return []
    answers: list[dict[str, Any]] = [{}] * count
    results: SimpleQueue[_Result] = SimpleQueue()
    numbers = iter(range(count))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.ExitStack() as stack:
        crew = [stack.enter_context(contextlib.closing(_Worker(job, folder))) for _ in range(size)]
        crew[0].start()  # what cannot be loaded is said before the others try
        pool = stack.enter_context(ThreadPoolExecutor(size))
        for worker in crew:
            stack.callback(worker.stop)
            pool.submit(_serve, worker, sample_of, numbers, results)
        for done in range(1, count + 1):
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            answers[result[0]] = result[1]
            on_progress(done)
    return answers


def _serve(
    worker: _Worker,
    sample_of: Callable[[int], Mapping[str, Any]],
    numbers: Iterator[int],
    results: SimpleQueue[_Result],
) -> None:
    """A thread's work: the next sample that nobody has, until there is none."""
    try:
        for number in numbers:
            results.put((number, worker.ask(sample_of(number))))
    except BaseException as error:  # noqa: BLE001  # raised where it is waited for
        results.put(error)


class _Worker:
    """A process, started when it is first asked; only `stop` may be called from another thread."""

    def __init__(self, job: Job, folder: str) -> None:
        self._job, self._folder = job, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._stopped, self._lock = False, threading.Lock()

    def ask(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self.start()
        try:
            self._write(sample)
            return self._read(self._job.timeout_s + GRACE_S)
        except WorkerGone:
            self.close()
            return {"error": "the worker was ended"}

    def start(self) -> None:
        """InputError where the verifier cannot be loaded, WorkerGone once `stop` was called."""
        self._open()
        try:
            self._write({name: getattr(self._job, name) for name in Job.__slots__})
            answer = self._read(LOAD_S)
        except WorkerGone:
            answer = {"failed": f"its file ended the process, or took more than {LOAD_S} s to import"}
        if "failed" in answer:
            self.close()
            function = ":".join(self._job.function or ())
            raise InputError(f"{function} cannot be loaded: {answer['failed']}", field=self._job.field)

    def stop(self) -> None:
        """Ends the sample under way and takes no other."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Ends the worker, and by it the sample it has."""
        process = self._process
        if process is None:
            return
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
        self._process = None

    def _open(self) -> None:
        with self._lock:
            if self._stopped:
                raise WorkerGone
            self._buffer = b""
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_bare_environment(self._folder),
                start_new_session=True,
            )

    def _write(self, value: Mapping[str, Any]) -> None:
        pipe = self._process.stdin if self._process else None
        assert pipe is not None  # the process is started
        try:
            pipe.write(json.dumps(value).encode() + b"\n")
            pipe.flush()
        except OSError as error:
            raise WorkerGone from error

    def _read(self, timeout_s: float) -> dict[str, Any]:
        """A line of the worker's, which keeps to the time limit however slowly it comes."""
        stdout = self._process.stdout if self._process else None
        assert stdout is not None  # the process is started
        until, pipe = time.monotonic() + timeout_s, stdout.fileno()
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
