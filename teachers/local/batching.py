"""Requests that wait are answered together: a collector between an event loop and one worker thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Protocol

from teachers.base import Reply, Request
from teachers.errors import InvalidRequest, TeacherError, Transient
from teachers.threads import close_pool


class Ticket:
    """A request on its way through the worker, and the reply it waits for."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.future: Future[Reply] = Future()

    @property
    def given_up(self) -> bool:
        """True once nobody waits for the reply."""
        return self.future.cancelled()

    def answer(self, reply: Reply) -> None:
        """Hands the reply over, unless the request was given up."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_result(reply)

    def fail(self, error: Exception) -> None:
        """Hands the error over: ours as it is, the engine's own refusals as InvalidRequest."""
        if not self.future.set_running_or_notify_cancel():
            return
        if not isinstance(error, TeacherError):
            refusal = InvalidRequest(str(error) or type(error).__name__, provider=self.request.identity.provider)
            refusal.__cause__, error = error, refusal
        self.future.set_exception(error)


class Worker(Protocol):
    """Answers tickets, a step at a time. Called on one thread only."""

    @property
    def room(self) -> int:
        """The tickets it takes now."""

    @property
    def busy(self) -> bool:
        """True while a ticket it took is open."""

    def join(self, tickets: Sequence[Ticket]) -> None:
        """Takes tickets in; one that cannot be answered fails alone."""

    def step(self) -> None:
        """Brings every open ticket one token on; those that were given up leave."""

    def abandon(self, error: Exception) -> None:
        """Fails every open ticket."""


class Batcher:
    """Feeds a worker whatever waits, as soon as it has room; the thread sleeps while there is nothing."""

    def __init__(self, worker: Worker, provider: str) -> None:
        self._worker, self._provider = worker, provider
        self._waiting: deque[Ticket] = deque()
        self._lock = Lock()
        self._running = self._closed = False
        # One thread: a model's state is stepped, and stepping it from two would mix rows.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=provider)

    async def answer(self, request: Request, timeout_s: float) -> Reply:
        """Returns the worker's reply. Transient when it is late, InvalidRequest once closed; waiting counts as time."""
        ticket = Ticket(request)
        self._enter(ticket)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.wrap_future(ticket.future)  # cancelling this cancels the ticket
        except TimeoutError as error:
            raise Transient(f"no answer within {timeout_s:g} s", provider=self._provider) from error

    async def close(self) -> None:
        """Refuses what waits and waits for what runs; safe to call twice."""
        with self._lock:
            self._closed = True
            # Only what has not begun: what the worker has taken in is answered.
            refused, self._waiting = list(self._waiting), deque()
        for ticket in refused:
            ticket.fail(self._refusal())
        await close_pool(self._pool)

    def _enter(self, ticket: Ticket) -> None:
        with self._lock:
            if self._closed:
                raise self._refusal()
            self._waiting.append(ticket)
            if not self._running:
                self._running = True
                self._pool.submit(self._run)

    def _refusal(self) -> InvalidRequest:
        return InvalidRequest("the teacher is closed", provider=self._provider)

    def _run(self) -> None:
        """Works until nothing waits and nothing is open."""
        while self._go_on():
            try:
                self._worker.join(self._take(self._worker.room))
                self._worker.step()
            except Exception as error:  # noqa: BLE001  # a fault of ours must not leave callers waiting for ever
                self._worker.abandon(error)

    def _go_on(self) -> bool:
        with self._lock:
            self._running = self._worker.busy or bool(self._waiting)
            return self._running

    def _take(self, most: int) -> list[Ticket]:
        with self._lock:
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        return [ticket for ticket in taken if not ticket.given_up]
