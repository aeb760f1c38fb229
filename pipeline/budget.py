"""The budget: dollars are reserved at the worst case before a request is sent, and settled after.

    reserve(worst) ──▶ sent ──▶ settle(true cost)       the rest of the reservation is free again
                            └─▶ settle(None)            never answered: it may have been paid, so all of it is spent

spent + reserved never passes the cap, whatever the concurrency. A reservation that does not fit waits for others
to settle; where none is out, no request can ever fit again, and the run stops with exit code 3.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.errors import BudgetReached
from pipeline.journal import Journal
from pipeline.recipe import Generate, Recipe
from pipeline.seats import Seat
from prompts.errors import InputError
from teachers.base import Reply, Request, Teacher, Usage
from teachers.errors import TeacherError
from teachers.meter import batch_cost_usd, cost_usd
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

    def try_reserve(self, worst_usd: float) -> bool:
        """Reserves this much if it fits at once."""
        worst = _units(worst_usd)
        if self._spent + self._reserved + worst > self._cap:
            return False
        self._reserved += worst
        self._out += 1
        return True

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
        tokens_out = 1 if request.continuation is not None else request.sampling.max_tokens or 0
        return (tokens_in * self.input + tokens_out * self.output) / 1_000_000


FREE = Tariff(0.0, 0.0)


def tariff_of(seat: Seat) -> Tariff:
    """A seat's tariff in its lane; InputError where its price is unknown. Models in this process are free."""
    tariff = known_tariff(seat)
    if tariff is None:
        raise InputError(
            f"no price is known for {seat.entry.label}, so a budget cannot be kept",
            field="teacher.price",
            remedy="Give it in dollars per million tokens: price: {input: ..., output: ...}",
        )
    return tariff


def known_tariff(seat: Seat, *, in_batch: bool = False) -> Tariff | None:
    """A seat's tariff; None where its price is unknown."""
    if seat.entry.price is None and not seat.who.provider.keys:
        return FREE
    thousands = [_cost_usd(seat, usage, in_batch) for usage in _THOUSANDS]
    known = [cost * 1_000 for cost in thousands if cost is not None]
    return Tariff(max(known[:-1]), known[-1]) if len(known) == len(thousands) else None


def check_budget(recipe: Recipe, seats: Sequence[Seat]) -> None:
    """InputError where the recipe has a budget and a teacher, judge or rescorer has no worst case."""
    if recipe.generate.budget_usd is None:
        return
    for seat in seats:
        if tariff_of(seat) != FREE and seat.sampling.max_tokens is None:
            raise InputError(
                "is not set, so no request of a budgeted run has a worst case",
                field="generate.max_tokens",
                remedy="Set it, or leave generate.budget_usd unset",
            )


def open_ledger(generate: Generate, journal: Journal) -> Ledger | None:
    """The ledger of a budgeted run, with what its journal says was spent; None where there is no budget."""
    return None if generate.budget_usd is None else Ledger(generate.budget_usd, journal.spent_usd())


_THOUSANDS = (
    Usage(input_tokens=1_000, output_tokens=0),
    Usage(input_tokens=1_000, output_tokens=0, cache_write_tokens=1_000),
    Usage(input_tokens=0, output_tokens=1_000),
)
"""A thousand tokens read, read and written to a cache, and generated."""


def _cost_usd(seat: Seat, usage: Usage, in_batch: bool) -> float | None:
    price, who = seat.entry.to_price(), seat.who
    if in_batch:
        return batch_cost_usd(who.identity, usage, who.capabilities.batch_price, price)
    return cost_usd(who.identity, usage, price)


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
            cost = None if error.maybe_paid else 0.0
            raise
        finally:
            self._ledger.settle(worst_usd, cost)


class Purse:
    """A teacher's share of the budget in the batch lane: reserved request by request, settled as results come.

    Jobs of an earlier process are booked at their worst case in the journal, and are so until this one ends.
    """

    def __init__(self, ledger: Ledger | None, tariff: Tariff | None) -> None:
        self._ledger, self._tariff = ledger, tariff
        self._reserved: dict[str, float] = {}
        self.stopped: BudgetReached | None = None
        """Set when a request did not fit; others may, once what is out has settled."""

    def affords(self, request: Request) -> bool:
        """Reserves a request's worst case; False where it does not fit now."""
        if self._tariff is None:
            return True
        worst_usd = self._tariff.worst_usd(request)
        if self._ledger is not None and not self._ledger.try_reserve(worst_usd):
            self.stopped = BudgetReached(self._ledger.spent_usd, self._ledger.cap_usd, worst_usd)
            return False
        self._reserved[request.key] = worst_usd
        return True

    def worst_usd(self, keys: Sequence[str]) -> dict[str, float]:
        """What was reserved for these requests, by key."""
        return {key: self._reserved[key] for key in keys if key in self._reserved}

    def settle(self, key: str, ended: Reply | TeacherError) -> None:
        """Books what a request cost; gives its reservation back."""
        worst_usd = self._reserved.pop(key, None)
        if self._ledger is None or worst_usd is None:
            return
        if isinstance(ended, Reply):
            self._ledger.settle(worst_usd, ended.cost_usd)
        else:
            self._ledger.settle(worst_usd, None if ended.maybe_paid else 0.0)
