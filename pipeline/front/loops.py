"""Work that runs an event loop of its own, called from a thread that may be inside one already: a notebook's cell."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from pipeline.process.signals import stop_loops

T = TypeVar("T")


def outside_any_loop(work: Callable[[], T]) -> T:
    """Calls `work`, in a thread of its own where this one is inside an event loop, and returns its result.

    Ctrl-C reaches it either way: the first stops what is being asked when the requests in flight have ended.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    outcome: Future[T] = Future()
    thread = threading.Thread(target=_settle, args=(outcome, work), name="stillhouse", daemon=True)
    thread.start()
    while True:
        try:
            return outcome.result()
        except KeyboardInterrupt:
            if outcome.done():  # it was the work's own
                raise
            _interrupt(thread)


def _settle(outcome: Future[T], work: Callable[[], T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001  # whatever it is, KeyboardInterrupt too, the caller gets it
        outcome.set_exception(error)


def _interrupt(thread: threading.Thread) -> None:
    """Passes Ctrl-C on: Python gives it to the main thread alone."""
    if not stop_loops() and thread.ident is not None:
        # No loop runs, so it curates or trains: the exception is raised there, between two bytecodes.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt))
