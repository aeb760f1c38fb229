"""The budget: dollars are reserved at the worst case before a request is sent, and settled after.

    reserve(worst) ──▶ sent ──▶ settle(true cost)       the rest of the reservation is free again
                            └─▶ settle(None)            never answered: it may have been paid, so all of it is spent

spent + reserved never passes the cap, whatever the concurrency. A reservation that does not fit waits for others
to settle; where none is out, no request can ever fit again, and the run stops with exit code 3.

A bill above its worst case is booked as it is, and its teacher's later requests reserve that much more: what was out
then is all that can pass the cap, and the message says by how much bills were too high.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.recipe.recipe import Generate, Recipe
from pipeline.recipe.teachers import TeacherEntry
from pipeline.run.errors import BudgetReached, Spending
from prompts.errors import InputError
from teachers.base import Reply, Request, Sampling, Teacher, Usage
from teachers.catalog import describe
from teachers.errors import TeacherError
from teachers.pacing.account import Closed
from teachers.pacing.meter import batch_cost_usd, cost_usd
from teachers.pacing.wrapper import Wrapper

if TYPE_CHECKING:
    from pipeline.journal.journal import Journal  # as a name alone: it loads pyarrow, and `plan` needs none

TOKENS_PER_MESSAGE = 16
"""For the marks that a chat template puts around a turn; OpenAI's take 3 or 4, Llama's 5."""

LONG_TOKENS = 100_000
"""Requests that may be longer reserve at the price of a million tokens: who charges more for long prompts begins at
128,000 or later (Gemini 1.5; Claude 200,000, GPT-5.4 272,000)."""

UNIT_USD = 1e-12
"""Accounts are kept in whole units, rounded up: sums of floats drift, and a drift could pass the cap."""


class Ledger:
    """The money of a run: spent, and reserved."""

    def __init__(self, cap_usd: float, spent_usd: float = 0.0) -> None:
        self._cap, self._spent, self._reserved, self._out = int(cap_usd / UNIT_USD), _units(spent_usd), 0, 0
        self._beyond = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def cap_usd(self) -> float:
        """Returns what must never be passed."""
        return self._cap * UNIT_USD

    @property
    def spent_usd(self) -> float:
        """Returns what was booked."""
        return self._spent * UNIT_USD

    @property
    def reserved_usd(self) -> float:
        """Returns what is out."""
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
        worst, booked = _units(worst_usd), _units(worst_usd if cost is None else cost)
        self._reserved -= worst
        self._out -= 1
        self._spent += booked
        self._beyond += max(0, booked - worst)
        self._admit()

    def reopen(self, worst_usd: float) -> None:
        """Makes a reservation of what was booked: it can still turn out to be less."""
        worst = _units(worst_usd)
        self._spent -= worst
        self._reserved += worst
        self._out += 1

    def reached(self, worst_usd: float) -> BudgetReached:
        """The error of a request that does not fit."""
        return BudgetReached(Spending(self.spent_usd, self.cap_usd, self._beyond * UNIT_USD), worst_usd)

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
                waiter.set_exception(self.reached(worst * UNIT_USD))


def _units(dollars: float) -> int:
    return ceil(dollars / UNIT_USD)


@dataclass(slots=True, frozen=True)
class CostBound:
    """The most that a teacher's tokens cost, in dollars per million."""

    input: float
    output: float
    long: CostBound | None = None
    """For requests of more than LONG_TOKENS; None: the same."""

    def worst_usd(self, request: Request) -> float:
        """The most a request can cost. No token is shorter than a byte; reasoning counts towards `max_tokens`."""
        tokens_in = sum(len(turn.content.encode()) + TOKENS_PER_MESSAGE for turn in request.messages)
        tokens_in += len((request.schema or "").encode()) + len((request.continuation or "").encode())
        tokens_out = 1 if request.continuation is not None else request.sampling.max_tokens or 0
        price = self if self.long is None or tokens_in <= LONG_TOKENS else self.long
        return (tokens_in * price.input + tokens_out * price.output) / 1_000_000


FREE = CostBound(0.0, 0.0)


def cost_bound_of(endpoint: ConfiguredTeacher, field: str = "teacher") -> CostBound:
    """A teacher's cost bound outside batches; InputError where its price is unknown. Models in this process are free.

    `field` is where the recipe names that teacher.
    """
    cost_bound = known_cost_bound(endpoint)
    if cost_bound is None:
        raise InputError(
            f"no price is known for {endpoint.entry.label}, so a budget cannot be kept",
            field=f"{field}.price",
            remedy="Give it in dollars per million tokens: price: {input: ..., output: ...}",
        )
    return cost_bound


def known_cost_bound(endpoint: ConfiguredTeacher, *, in_batch: bool = False) -> CostBound | None:
    """A teacher's cost bound; None where its price is unknown."""
    if endpoint.entry.price is None and not endpoint.description.provider.keys:
        return FREE
    cost_bound = _cost_bound_at(endpoint, 1_000, in_batch)
    if cost_bound is None or endpoint.entry.price is not None:
        return cost_bound
    return replace(cost_bound, long=_cost_bound_at(endpoint, 1_000_000, in_batch))


def _cost_bound_at(endpoint: ConfiguredTeacher, tokens: int, in_batch: bool) -> CostBound | None:
    """Prices tokens in a request of so many read, or read and written to a cache, and as many generated."""
    usages = (Usage(tokens, None, 0), Usage(tokens, None, 0, cache_write_tokens=tokens), Usage(tokens, None, tokens))
    read, written, whole = (_cost_usd(endpoint, usage, in_batch) for usage in usages)
    if read is None or written is None or whole is None:
        return None
    return CostBound(max(read, written) / tokens * 1e6, (whole - read) / tokens * 1e6)


def check_budget(recipe: Recipe, endpoints: Sequence[ConfiguredTeacher]) -> None:
    """InputError where the recipe has a budget and a teacher, judge or rescorer has no worst case."""
    if recipe.generate.budget_usd is None:
        return
    for endpoint in endpoints:
        if cost_bound_of(endpoint) != FREE and endpoint.sampling.max_tokens is None:
            raise InputError(
                "is not set, so no request of a budgeted run has a worst case",
                field="generate.max_tokens",
                remedy="Set it, or leave generate.budget_usd unset",
            )
    for field, entry in _other_entries(recipe):
        cost_bound_of(ConfiguredTeacher(entry, describe(entry.to_spec()), Sampling(), None), field)


def _other_entries(recipe: Recipe) -> Iterator[tuple[str, TeacherEntry]]:
    """Yields who else is paid from the budget, by the recipe's field; their answers have a bound of their own."""
    if recipe.rescore is not None:
        yield "rescore.teacher", recipe.rescore.teacher
    for step in recipe.curation.steps:
        if step.judge_model is None:
            continue
        placed = step in recipe.curate.steps
        yield (f"curate.steps.{step.step}.judge" if placed else "combine.judge"), step.judge_model.entry
    judge = recipe.evaluate.scorer.pair_judge
    if judge is not None:
        yield "evaluate.scorer.judge", judge.entry


def open_ledger(generate: Generate, journal: Journal) -> Ledger | None:
    """The ledger of a budgeted run, with what its journal says was spent; None where there is no budget."""
    return None if generate.budget_usd is None else Ledger(generate.budget_usd, journal.spent_usd())


def _cost_usd(endpoint: ConfiguredTeacher, usage: Usage, in_batch: bool) -> float | None:
    price, who = endpoint.entry.to_price(), endpoint.description
    if in_batch:
        return batch_cost_usd(who.identity, usage, who.capabilities.batch_price, price)
    return cost_usd(who.identity, usage, price)


class Budgeted(Wrapper):
    """A teacher that reserves before it asks. Stands outside the journal: what is not reserved is not intended."""

    def __init__(self, teacher: Teacher, ledger: Ledger, cost_bound: CostBound) -> None:
        super().__init__(teacher)
        self._ledger, self._worst = ledger, _Worst(cost_bound)

    async def complete(self, request: Request) -> Reply:
        """Answers; raises BudgetReached where nothing more can be afforded."""
        plain_usd, worst_usd = await self._reserve(request)
        cost: float | None = None
        try:
            reply = await self._teacher.complete(request)
            cost = reply.cost_usd
            self._worst.learn(plain_usd, cost)
            return reply
        except TeacherError as error:
            cost = None if error.maybe_paid else 0.0
            raise
        except Closed:
            cost = 0.0  # it was never sent
            raise
        finally:
            self._ledger.settle(worst_usd, cost)

    async def _reserve(self, request: Request) -> tuple[float, float]:
        """The request's worst case by the cost bound, and what is reserved for it."""
        while True:
            plain_usd, worst_usd = self._worst.of(request)
            await self._ledger.reserve(worst_usd)
            if worst_usd >= self._worst.of(request)[1]:
                return plain_usd, worst_usd
            self._ledger.settle(worst_usd, 0.0)  # a bill came while it waited, and taught that it needs more


class _Worst:
    """A teacher's worst case, and what its bills were found to be above it: tokens that `max_tokens` does not hold
    back, as some servers' reasoning, or that the server adds to a prompt.
    """

    def __init__(self, cost_bound: CostBound) -> None:
        self._cost_bound, self._beyond_usd = cost_bound, 0.0

    def of(self, request: Request) -> tuple[float, float]:
        """The most that a request can cost by its cost bound, and for all that is known by now."""
        plain_usd = self._cost_bound.worst_usd(request)
        return plain_usd, plain_usd + self._beyond_usd

    def learn(self, plain_usd: float, cost: float | None) -> None:
        """From the bill of a request that could cost so much by its cost bound."""
        if cost is not None:
            self._beyond_usd = max(self._beyond_usd, cost - plain_usd)


class BatchBudget:
    """A teacher's share of the budget in the batch lane: reserved request by request, settled as results come.

    What an earlier process left at the provider is booked at its worst case when the ledger is opened; `take_over`
    makes reservations of that, so that its results give back what they did not cost.
    """

    def __init__(self, ledger: Ledger | None, cost_bound: CostBound | None) -> None:
        self._ledger, self._worst = ledger, None if cost_bound is None else _Worst(cost_bound)
        self._reserved: dict[str, tuple[float, float]] = {}
        """By a request's key, its worst case by the cost bound, and what was reserved."""
        self.stopped: BudgetReached | None = None
        """Set when a request did not fit; others may, once what is out has settled."""

    def affords(self, request: Request) -> bool:
        """Reserves a request's worst case; False where it does not fit now."""
        if self._worst is None:
            return True
        plain_usd, worst_usd = self._worst.of(request)
        if self._ledger is not None and not self._ledger.try_reserve(worst_usd):
            self.stopped = self._ledger.reached(worst_usd)
            return False
        self._reserved[request.key] = plain_usd, worst_usd
        return True

    def worst_usd(self, keys: Sequence[str]) -> dict[str, float]:
        """Returns what was reserved for these requests, by key."""
        return {key: self._reserved[key][1] for key in keys if key in self._reserved}

    def take_over(self, booked_usd: Mapping[str, float]) -> None:
        """Requests of an earlier process that are still out, by key, with what is booked for each."""
        if self._ledger is None:
            return
        for key, worst_usd in booked_usd.items():
            self._ledger.reopen(worst_usd)
            self._reserved[key] = worst_usd, worst_usd

    def release(self, keys: Sequence[str]) -> None:
        """Gives back what was reserved for requests that are not submitted after all."""
        for key in keys:
            self._book(key, 0.0)

    def settle(self, key: str, ended: Reply | TeacherError) -> None:
        """Books what a request cost; gives its reservation back."""
        if isinstance(ended, Reply):
            self._book(key, ended.cost_usd)
        else:
            self._book(key, None if ended.maybe_paid else 0.0)

    def _book(self, key: str, cost: float | None) -> None:
        if key not in self._reserved or self._worst is None:
            return
        plain_usd, worst_usd = self._reserved.pop(key)
        self._worst.learn(plain_usd, cost)
        if self._ledger is not None:
            self._ledger.settle(worst_usd, cost)
