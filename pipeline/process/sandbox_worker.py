"""Runs a user's verifier on one sample after another, each in a process of its own. Standard library alone.

Started by sandbox.py as `python -I sandbox_worker.py`, it reads one JSON line of settings, loads the verifier once and
then forks for every sample: a line in, a line out. What the verifier prints goes nowhere, save the last line of what a
command says. A sample's processes end with it, whatever they did: the group is killed, and so is every orphan, since
this process takes them in (PR_SET_CHILD_SUBREAPER). What the verifier's file started as it was loaded lives on between
samples and ends with this process. Where sandbox.py's process is gone, so is the sample.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import json
import math
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TAIL = 4096  # bytes kept of what a command says
ANSWER = 65536  # bytes kept of what a function answers
MAX_PROCESSES = 64  # one sample may have so many at once: more is a fork bomb
MAX_FILE = 64 << 20  # bytes of one file
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
POLL_S = 0.02
NICE = 10  # of a sample's processes: whoever is to end them must get its turn among them
SOON_S = 0.0005  # a process whose pipes are closed is about to be gone

Check = Callable[[dict[str, Any]], Any]


def main() -> None:
    """Serves until its input ends."""
    lines, answers = _take_pipes()
    settings = json.loads(lines.readline())
    _prctl(SUBREAPER, 1)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # by way of `finally`: no sample outlives us
    try:
        check = _load(settings["function"]) if settings["function"] else None
    except BaseException as error:  # noqa: BLE001  # whatever a user's file raises
        _say(answers, {"failed": _last_line(error)})
        _end(set())
        return
    ours = _children()
    try:
        _say(answers, {"ready": True})
        for line in lines:
            _say(answers, _run(check, settings, json.loads(line), (lines.fileno(), answers.fileno()), ours))
    finally:
        _end(set())


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _take_pipes() -> tuple[Any, Any]:
    """The two ends to sandbox.py, moved away from where a verifier reads and prints."""
    lines, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    return lines, answers


def _say(answers: Any, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value).encode() + b"\n")
    answers.flush()


def _load(function: list[str]) -> Check:
    path, name = function
    sys.path.insert(0, str(Path(path).parent))
    spec = importlib.util.spec_from_file_location("verifier", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["verifier"] = module
    spec.loader.exec_module(module)
    check: Check = getattr(module, name)
    return check


def _run(
    check: Check | None, settings: dict[str, Any], sample: dict[str, Any], pipes: tuple[int, int], ours: set[int]
) -> dict[str, Any]:
    """`pipes` are the ends to sandbox.py, `ours` the processes that live on."""
    folder = tempfile.mkdtemp()
    output, output_end = os.pipe()
    answer, answer_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        for end in (*pipes, output, answer):
            os.close(end)
        _become(check, settings, sample, Surroundings(folder, output_end, answer_end))
    os.close(output_end)
    os.close(answer_end)
    try:
        until = time.monotonic() + settings["timeout_s"]
        return _watch(pid, (output, answer), until, pipes[0], is_command=check is None)
    finally:
        _end(ours, pid)
        os.close(output)
        os.close(answer)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True, frozen=True)
class Surroundings:
    """A folder for a sample's process alone, and two pipes to write to."""

    folder: str
    output: int
    """Takes its stdout and stderr."""
    answer: int
    """Takes the check's answer."""


def _become(check: Check | None, settings: dict[str, Any], sample: dict[str, Any], has: Surroundings) -> None:
    """Turns into the sample's process: never returns."""
    own, answer = os.getpid(), dict[str, Any]()
    try:
        _prctl(DEATH_SIGNAL, signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        os.nice(NICE)
        os.chdir(has.folder)
        os.environ.update(HOME=has.folder, TMPDIR=has.folder)
        tempfile.tempdir = has.folder
        os.dup2(has.output, 1)
        os.dup2(has.output, 2)
        if check is None:
            _exec(settings, sample)
        _limit(settings)
        value = check(sample)  # type: ignore[misc]  # a command does not come here
        answer = {"value": float(value)} if settings["numbers"] else {"passed": bool(value)}
    except MemoryError:
        answer = {"memory": True}
    except BaseException as error:  # noqa: BLE001  # SystemExit too is an answer
        answer = {"error": _last_line(error)}
    finally:
        with contextlib.suppress(OSError):  # a verifier may close what it did not open
            if os.getpid() == own:  # and no process that the verifier forked and let return
                os.write(has.answer, json.dumps(answer).encode())
        os._exit(0)


def _exec(settings: dict[str, Any], sample: dict[str, Any]) -> None:
    """A command reads the sample on its standard input, from a file: a pipe would have to be fed."""
    with tempfile.TemporaryFile() as given:  # its name is gone: the folder stays empty
        given.write(json.dumps(sample).encode())
        given.seek(0)
        os.dup2(given.fileno(), 0)
    _limit(settings)
    os.execvp(settings["command"][0], settings["command"])  # noqa: S606  # the point of it


def _limit(settings: dict[str, Any]) -> None:
    memory = _own_memory() + (settings["memory_mb"] << 20)
    seconds = math.ceil(settings["timeout_s"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE, MAX_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _own_memory() -> int:
    """Bytes of address space that this process has already: a verifier's imports are not charged to a sample."""
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:  # noqa: PTH123  # on the way to every sample
        return int(file.read().split()[0]) * resource.getpagesize()
    return 0


def _watch(pid: int, pipes: tuple[int, int], deadline: float, parent: int, *, is_command: bool) -> dict[str, Any]:
    """Waits for the sample's process, reading what it says, no longer than its time and than `parent` lives.

    `pipes` are what it says and what it answers; `parent` is a pipe in which nothing comes but its end.
    """
    output, answer = pipes
    tails = {output: b"", answer: b""}
    open_ends = [output, answer]
    next_count = time.monotonic() + 5 * POLL_S
    while True:
        ready, _, _ = select.select([*open_ends, parent], [], [], POLL_S if open_ends else SOON_S)
        if parent in ready:
            sys.exit()  # by way of `finally`
        for end in ready:
            data = os.read(end, 1 << 16)
            if not data:
                open_ends.remove(end)
            keep = TAIL if end == output else ANSWER
            tails[end] = (tails[end] + data)[-keep:]
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            code, words, reply = (
                os.waitstatus_to_exitcode(status),
                _rest(output, tails[output]),
                _rest(answer, tails[answer]),
            )
            return _outcome(code, words, reply, is_command=is_command)
        now = time.monotonic()
        if now > deadline:
            return {"timeout": True}
        if now > next_count:
            next_count = now + 5 * POLL_S
            if _count(pid) > MAX_PROCESSES:
                return {"error": f"more than {MAX_PROCESSES} processes"}


def _rest(end: int, so_far: bytes) -> bytes:
    """Reads what a process left in its pipe; a child of its own that lives on may hold the other end."""
    os.set_blocking(end, False)
    with contextlib.suppress(BlockingIOError):
        return so_far + os.read(end, 1 << 16)
    return so_far


def _outcome(code: int, output: bytes, answer: bytes, *, is_command: bool) -> dict[str, Any]:
    """Of a function that answered; else of a process that ended with `code`, negative for a signal."""
    if answer:
        with contextlib.suppress(ValueError):
            reply: dict[str, Any] = json.loads(answer)
            return reply
        return {"error": "its answer was garbled"}
    if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU):  # the latter of a shell
        return {"timeout": True}
    lines = output.decode("utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")[:500]
    if code and last.startswith("MemoryError"):
        return {"memory": True}
    if code >= 0 and not is_command:
        return {"error": f"ended without an answer: {last}" if last else "ended without an answer"}
    return {"code": code, "last": last}


def _count(group: int) -> int:
    """Processes of a session, where /proc tells."""
    count = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            count += entry.read_text(errors="replace").rpartition(")")[2].split()[3] == str(group)
    return count


def _end(ours: set[int], group: int | None = None) -> None:
    """Kills the sample's group and every child but `ours`, orphans too, and waits for each, for two seconds at most."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        if group is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        for child in _children() - ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if ours and not _children() - ours:
            return
        time.sleep(0.001)


def _children() -> set[int]:
    """Of this process, where /proc tells."""
    with contextlib.suppress(OSError), open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123
        return {int(child) for child in file.read().split()}
    return set()


def _last_line(error: BaseException) -> str:
    """Returns what a traceback would end with, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


if __name__ == "__main__":
    main()
