"""Threads that a blocking SDK runs on: they keep neither the process alive nor, once given up, their place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonPool(Executor):
    """Up to `workers` calls at once that somebody waits for.

    A call that waits for a server cannot be stopped from outside. ThreadPoolExecutor would wait for it at exit,
    so that an interrupted run hangs until the socket's timeout, and would give its place to no other call.
    """

    def __init__(self, workers: int, name: str) -> None:
        self._places, self._name = workers, name
        self._work: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queues a call; RuntimeError where the pool is closed."""
        call = _Call(self, partial(fn, *args, **kwargs))
        with self._lock:
            if self._closed:
                raise RuntimeError("it is closed")
            self._work.put(call)
            self._add_thread()
        return call

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more calls; `wait` joins the threads, `cancel_futures` drops what has not begun. Safe to repeat."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
            waiting = self._drain() if cancel_futures else []
            for _ in threads:
                self._work.put(None)
        for call in waiting:
            call.cancel()
        if wait:
            for thread in threads:
                thread.join()

    def give_up(self, call: _Call) -> None:
        """Frees the place of a call that runs and that nobody waits for."""
        with self._lock:
            if call.running() and not call.given_up:
                call.given_up = True
                self._places += 1
                if not self._work.empty():
                    self._add_thread()

    def _add_thread(self) -> None:
        if len(self._threads) < self._places:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._threads.add(thread)
            thread.start()

    def _drain(self) -> list[_Call]:
        calls: list[_Call] = []
        while True:
            try:
                call = self._work.get_nowait()
            except Empty:
                return calls
            if call is not None:
                calls.append(call)

    def _run(self) -> None:
        while (call := self._work.get()) is not None:
            call.settle()
            if self._is_one_too_many(call):
                return
            del call  # the answer must not live until the next call

    def _is_one_too_many(self, call: _Call) -> bool:
        """Takes back the place that giving the call up had freed, and this thread with it."""
        with self._lock:  # under which a call is given up, or has ended
            self._places -= call.given_up
            ends = len(self._threads) > self._places
            if ends:
                self._threads.discard(threading.current_thread())
            return ends


class _Call(Future[Any]):
    def __init__(self, pool: DaemonPool, work: Callable[[], Any]) -> None:
        super().__init__()
        self._pool, self._work = pool, work
        self.given_up = False

    def cancel(self) -> bool:
        """As a future's; where the call runs already, it runs on and its place is free."""
        cancelled = super().cancel()
        if not cancelled:
            self._pool.give_up(self)
        return cancelled

    def settle(self) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001  # it is raised where the call is waited for
            self.set_exception(error)
        else:
            self.set_result(result)
