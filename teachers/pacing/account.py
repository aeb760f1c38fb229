"""An account: what one key may do at one provider, whichever models are asked with it.

Requests wait here in the order they came, and nowhere else: for a place under the ceiling, for the account's
quotas, for the server's own time. A request that waits holds no place. Nothing polls: an answer or one timer
lets the next go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from teachers.base import Allowance, Limits, Reply
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError
from teachers.pacing.bucket import Bucket
from teachers.pacing.ceiling import Ceiling, Flight


class Closed(Exception):
    """The account lets nothing more through: the user or a fatal error stopped the work."""


@dataclass(slots=True, frozen=True)
class Pace:
    """Where an account stands."""

    in_flight: int
    ceiling: int
    """The most requests that may be in flight now."""
    waiting: int
    """Requests that wait for a place, a quota or the server's time."""
    resting: int
    """Requests that wait before another try."""
    refused: int
    """429s so far."""
    cuts: int
    """Times that the ceiling was lowered."""


class Account:
    """Lets requests through. Belongs to one event loop; every method runs on it."""

    def __init__(
        self,
        most: int,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        adaptive: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._ceiling = Ceiling(most, adaptive=adaptive)
        self._requests = _quota(requests_per_minute, now)
        self._tokens = _quota(tokens_per_minute, now)
        self._server_limits: list[tuple[Bucket, bool]] = []
        """The limits of which the server said what is left, as buckets; and whether each counts tokens."""
        self._heard_from = 0
        self._waiters: deque[tuple[asyncio.Future[Flight], float]] = deque()
        self._resting: set[asyncio.Future[None]] = set()
        self._idle: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._refused = self._flights = 0

    @property
    def pace(self) -> Pace:
        """Where it stands now."""
        at = self._ceiling
        return Pace(at.in_flight, int(at.level), len(self._waiters), len(self._resting), self._refused, at.cuts)

    async def admit(self, tokens: float = 0.0) -> Flight:
        """Waits its turn, then takes a place, one request and so many tokens. Raises Closed."""
        if self._closed:
            raise Closed
        future: asyncio.Future[Flight] = self._loop.create_future()
        self._waiters.append((future, tokens))
        self._pump()
        try:
            return await future
        except asyncio.CancelledError:
            # Let through and cancelled in the same turn of the loop: its place must not be lost.
            if future.done() and not future.cancelled() and future.exception() is None:
                self.drop(future.result())
            self._pump()
            raise

    async def rest(self, seconds: float) -> None:
        """Waits before another try, holding no place. Raises Closed."""
        if self._closed:
            raise Closed
        future: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_later(seconds, _wake, future)
        self._resting.add(future)
        try:
            await future
        finally:
            timer.cancel()
            self._resting.discard(future)

    async def idle(self) -> None:
        """Waits until fewer requests wait than would fill the ceiling: time to bring more. Returns when closed."""
        if len(self._waiters) >= self._ceiling.level and not self._closed:
            future: asyncio.Future[None] = self._loop.create_future()
            self._idle.append(future)
            await future

    def answer(self, flight: Flight, reply: Reply) -> None:
        """The reply has come: its place is free, and what it did not use of its tokens is given back."""
        now = self._loop.time()
        self._ceiling.answered(flight, now)
        used = (reply.usage.input_tokens or 0) + (reply.usage.output_tokens or 0)
        self._settle(flight, used or flight.tokens, now)
        self._hear(flight, reply.limits, now)
        self._pump()

    def fail(self, flight: Flight, error: TeacherError) -> None:
        """The attempt has failed; what the server refused to do used no tokens.

        A key that is refused closes the account: no further request can succeed.
        """
        now = self._loop.time()
        if isinstance(error, RateLimited):
            self._refused += 1
            exhausted_s, hint_s = _exhausted_s(error.limits), error.retry_after_s
            if hint_s is None:
                hint_s = exhausted_s
            self._ceiling.refused(flight, now, hint_s, exhausted=exhausted_s is not None)
        elif isinstance(error, AuthError | InvalidRequest):
            self._ceiling.dropped(flight)
            if isinstance(error, AuthError):
                self.close()
        else:
            self._ceiling.faltered(flight, now)
        # Providers do not count what they refused; what failed otherwise may have been counted.
        unused = isinstance(error, RateLimited | AuthError | InvalidRequest)
        self._settle(flight, 0.0 if unused else flight.tokens, now)
        self._pump()

    def drop(self, flight: Flight) -> None:
        """It was cancelled: the server may have done the work all the same."""
        if not flight.landed:
            self._ceiling.dropped(flight)
            self._pump()

    def close(self) -> None:
        """Lets nothing more through: all that wait get Closed; what is in flight ends by itself. Safe to repeat."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        waiting: list[asyncio.Future[Any]] = [*(future for future, _ in self._waiters), *self._resting]
        for future in waiting:
            if not future.done():
                future.set_exception(Closed())
        self._waiters.clear()
        self._call_idle()

    def _pump(self) -> None:
        """Lets through all that may go now, and sets the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._loop.time()
        while self._waiters:
            future, tokens = self._waiters[0]
            if not future.done():
                at = self._ready_at(tokens, now)
                if at is None:
                    break
                if at > now:
                    self._timer = self._loop.call_at(at, self._pump)
                    break
                future.set_result(self._take(tokens, now))
            self._waiters.popleft()
        if len(self._waiters) < self._ceiling.level:
            self._call_idle()

    def _ready_at(self, tokens: float, now: float) -> float | None:
        """When the next may go; None while only an answer can make room."""
        at = self._ceiling.opens_at()
        if at is None:
            return None
        for bucket, amount in self._quotas(tokens):
            at = max(at, bucket.ready_at(amount, now))
        return at

    def _take(self, tokens: float, now: float) -> Flight:
        for bucket, amount in self._quotas(tokens):
            bucket.take(amount, now)
        self._flights += 1
        return self._ceiling.take(now, tokens)

    def _quotas(self, tokens: float) -> list[tuple[Bucket, float]]:
        quotas = [(bucket, tokens if counts_tokens else 1.0) for bucket, counts_tokens in self._server_limits]
        if self._requests is not None:
            quotas.append((self._requests, 1.0))
        if self._tokens is not None:
            quotas.append((self._tokens, tokens))
        return quotas

    def _settle(self, flight: Flight, used: float, now: float) -> None:
        if self._tokens is not None:
            self._tokens.give_back(flight.tokens - used, now)

    def _hear(self, flight: Flight, limits: Limits | None, now: float) -> None:
        """Takes the server's word for what is left, less what was sent since.

        An answer to an earlier request says less.
        """
        if limits is None or flight.number < self._heard_from:
            return
        self._heard_from = flight.number
        # Sent after the request whose answer this is: the server may not have counted them.
        since = self._flights - flight.number
        heard = (
            (_bucket(limits.requests, since, now - flight.sent_at, now), False),
            (_bucket(limits.tokens, since * flight.tokens, now - flight.sent_at, now), True),
        )
        self._server_limits = [(bucket, counts_tokens) for bucket, counts_tokens in heard if bucket is not None]

    def _call_idle(self) -> None:
        for future in self._idle:
            _wake(future)
        self._idle.clear()


def _quota(per_minute: float | None, now: float) -> Bucket | None:
    if per_minute is None:
        return None
    return Bucket.per_minute(per_minute, now)


def _bucket(allowance: Allowance, since: float, ago_s: float, now: float) -> Bucket | None:
    """Returns a bucket as the server's own stands; None where it did not say enough, or all of it is there."""
    limit, remaining, reset_s = allowance.limit, allowance.remaining, allowance.reset_s
    if limit is None or remaining is None or not reset_s or remaining >= limit:
        return None
    rate = (limit - remaining) / reset_s
    return Bucket(rate, limit, now, level=remaining - since + rate * ago_s)


def _exhausted_s(limits: Limits | None) -> float | None:
    """Returns seconds until the quota that is used up is whole again; None where none is."""
    if limits is None:
        return None
    longest: float | None = None
    for allowance in (limits.requests, limits.tokens):
        if allowance.remaining is None or allowance.remaining >= 1 or allowance.reset_s is None:
            continue
        longest = max(longest or 0.0, allowance.reset_s)
    return longest


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
