"""Threads that are not waited for."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from teachers.bedrock.daemon_pool import DaemonPool


@pytest.fixture
def gate() -> threading.Event:
    """Calls that wait for it run until it is set."""
    return threading.Event()


def count(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def eventually(holds: object) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if holds():  # type: ignore[operator]  # a callable
            return True
        time.sleep(0.005)
    return False


def test_calls_run_side_by_side_up_to_the_number_of_workers() -> None:
    pool, running, most, lock = DaemonPool(3, "side"), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    for future in [pool.submit(work) for _ in range(9)]:
        future.result(5)
    pool.shutdown()
    assert most == 3


def test_results_and_errors_are_the_calls() -> None:
    pool = DaemonPool(1, "result")
    assert pool.submit(max, 1, 2).result(5) == 2
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(5)
    assert pool.submit(len, "abc").result(5) == 3  # the thread lives
    pool.shutdown()


def test_a_call_that_is_given_up_frees_its_place_until_it_ends(gate: threading.Event) -> None:
    pool = DaemonPool(1, "given-up")
    stuck = pool.submit(gate.wait, 30)
    assert eventually(stuck.running)
    behind = pool.submit(len, "ab")
    time.sleep(0.02)
    assert not behind.done()
    assert not stuck.cancel()
    assert behind.result(5) == 2
    assert count("given-up") == 2
    gate.set()
    assert eventually(lambda: count("given-up") == 1)
    assert pool.submit(len, "abc").result(5) == 3
    pool.shutdown()


def test_giving_up_what_has_ended_adds_no_place() -> None:
    pool = DaemonPool(1, "ended")
    for _ in range(50):
        future = pool.submit(len, "a")
        future.result(5)
        future.cancel()
        future.cancel()
    assert count("ended") == 1
    pool.shutdown()


def test_shutdown_drops_what_has_not_begun(gate: threading.Event) -> None:
    pool = DaemonPool(1, "closed")
    runs = pool.submit(gate.wait, 30)
    assert eventually(runs.running)
    waits = pool.submit(len, "a")
    pool.shutdown(wait=False, cancel_futures=True)
    pool.shutdown(wait=False, cancel_futures=True)
    assert waits.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(len, "a")
    gate.set()
    assert runs.result(5)
    assert eventually(lambda: count("closed") == 0)


def test_the_process_ends_while_a_call_runs() -> None:
    code = "import time; from teachers.bedrock.daemon_pool import DaemonPool; DaemonPool(1, 'x').submit(time.sleep, 60)"
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30, cwd=Path(__file__).parents[3])
    assert time.monotonic() - started < 20
