"""The budget: dollars are reserved at the worst case before a request is sent, and settled after.

    reserve(worst) ──▶ sent ──▶ settle(true cost)       the rest of the reservation is free again
                            └─▶ settle(None)            never answered: it may have been paid, so all of it is spent

spent + reserved never passes the cap, whatever the concurrency. A reservation that does not fit waits for others
to settle; where none is out, no request can ever fit again, and the run stops with exit code 3.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from math import ceil

from pipeline.errors import BudgetReached
from pipeline.seats import Seat
from prompts.errors import InputError
from teachers.base import Reply, Request, Teacher, Usage
from teachers.errors import TeacherError
from teachers.meter import Price, cost_usd
from teachers.wrapper import Wrapper

TOKENS_PER_MESSAGE = 16
"""For the marks that a chat template puts around a turn; OpenAI's take 3 or 4, Llama's 5."""


UNIT_USD = 1e-12
"""Accounts are kept in whole units, rounded up: sums of floats drift, and a drift could pass the cap."""


class Ledger:
    """What a run has spent and has reserved."""

    def __init__(self, cap_usd: float, spent_usd: float = 0.0) -> None:
        self._cap, self._spent, self._reserved, self._out = int(cap_usd / UNIT_USD), _units(spent_usd), 0, 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def cap_usd(self) -> float:
        """What must never be passed."""
        return self._cap * UNIT_USD

    @property
    def spent_usd(self) -> float:
        """What was booked."""
        return self._spent * UNIT_USD

    @property
    def reserved_usd(self) -> float:
        """What is out."""
        return self._reserved * UNIT_USD

    async def reserve(self, worst_usd: float) -> None:
        """Returns once this much is reserved; first come, first served. BudgetReached where it cannot ever be."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((_units(worst_usd), waiter))
        self._admit()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.settle(worst_usd, 0.0)  # it was reserved in the instant it was cancelled
            else:
                self._admit()
            raise

    def settle(self, worst_usd: float, cost: float | None) -> None:
        """Gives a reservation back and books what it cost; None books all of it."""
        self._reserved -= _units(worst_usd)
        self._out -= 1
        self._spent += _units(worst_usd if cost is None else cost)
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            worst, waiter = self._waiting[0]
            if not waiter.done() and self._spent + self._reserved + worst > self._cap and self._out:
                return
            self._waiting.popleft()
            if waiter.done():
                continue
            if self._spent + self._reserved + worst <= self._cap:
                self._reserved += worst
                self._out += 1
                waiter.set_result(None)
            else:
                waiter.set_exception(BudgetReached(self.spent_usd, self.cap_usd, worst * UNIT_USD))


def _units(dollars: float) -> int:
    return ceil(dollars / UNIT_USD)


@dataclass(slots=True, frozen=True)
class Tariff:
    """What a teacher's tokens cost at most, in dollars per million."""

    input: float
    output: float

    def worst_usd(self, request: Request) -> float:
        """The most a request can cost. No token is shorter than a byte; reasoning counts towards `max_tokens`."""
        tokens_in = sum(len(turn.content.encode()) + TOKENS_PER_MESSAGE for turn in request.messages)
        tokens_in += len((request.schema or "").encode()) + len((request.continuation or "").encode())
        tokens_out = 0 if request.continuation is not None else request.sampling.max_tokens or 0
        return (tokens_in * self.input + tokens_out * self.output) / 1_000_000


FREE = Tariff(0.0, 0.0)


def tariff_of(seat: Seat) -> Tariff:
    """A seat's tariff; InputError where its price or its `max_tokens` is unknown. Local models are free."""
    price = seat.entry.to_price()
    if price is None and not seat.who.provider.keys:
        return FREE
    if seat.sampling.max_tokens is None:
        raise InputError(
            "is not set, so no request of a budgeted run has a worst case",
            field="generate.max_tokens",
            remedy="Set it, or leave generate.budget_usd unset",
        )
    inward = max(_per_million(seat, price, usage) for usage in _INPUTS)
    return Tariff(inward, _per_million(seat, price, Usage(input_tokens=0, output_tokens=1_000)))


_INPUTS = (
    Usage(input_tokens=1_000, output_tokens=0),
    Usage(input_tokens=1_000, output_tokens=0, cache_write_tokens=1_000),
)
"""A thousand tokens, plain and written to a cache: a price that steps up with length would show in neither."""


def _per_million(seat: Seat, price: Price | None, usage: Usage) -> float:
    cost = cost_usd(seat.who.identity, usage, price)
    if cost is None:
        raise InputError(
            f"no price is known for {seat.entry.label}, so a budget cannot be kept",
            field="teacher.price",
            remedy="Give it in dollars per million tokens: price: {input: ..., output: ...}",
        )
    return cost * 1_000


class Budgeted(Wrapper):
    """A teacher that reserves before it asks. Stands outside the journal: what is not reserved is not intended."""

    def __init__(self, teacher: Teacher, ledger: Ledger, tariff: Tariff) -> None:
        super().__init__(teacher)
        self._ledger, self._tariff = ledger, tariff

    async def complete(self, request: Request) -> Reply:
        """Answers; raises BudgetReached where nothing more can be afforded."""
        worst_usd = self._tariff.worst_usd(request)
        await self._ledger.reserve(worst_usd)
        cost: float | None = None
        try:
            reply = await self._teacher.complete(request)
            cost = reply.cost_usd
            return reply
        except TeacherError as error:
            cost = None if maybe_paid(error) else 0.0
            raise
        finally:
            self._ledger.settle(worst_usd, cost)


def maybe_paid(error: TeacherError) -> bool:
    """Whether a failed attempt may have been charged: a body that could not be read, or no answer at all."""
    return error.outcome == "malformed" or (error.outcome == "transient" and error.status is None)
