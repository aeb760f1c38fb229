"""Asking: many chains of requests at the pace of their accounts, and the tally of how they end."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.journal.samples import SETTLING, FallbackChain
from pipeline.run.errors import RunError
from prompts.errors import StillhouseError
from teachers.base import Outcome, Reply, Request, Teacher
from teachers.errors import AuthError, InvalidRequest, TeacherError
from teachers.pacing.account import Account, Closed

COLLECT_AFTER = 20_000
"""New objects before Python looks for cycles. After its own 700 it looked 140 times in 2,000 requests, for nothing."""

HOPELESS = 10
"""So many refused requests before the first answer, and the fault is the recipe's, not a prompt's."""


class KeptCount(Protocol):
    """Counts what curation will keep of the replies that come in."""

    count: int

    def add(self, reply: Reply) -> None:
        """One more reply."""


@dataclass(slots=True)
class Tally:
    """The count of what has been done so far in this process."""

    total: int
    outcomes: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    last_error: str | None = None
    kept: KeptCount | None = None
    """What curation keeps so far, where it will be asked."""

    @property
    def done(self) -> int:
        """Requests that ended, answered or not."""
        return self.outcomes.total()

    def count_reply(self, reply: Reply) -> None:
        """Adds an answer and what it used."""
        self.outcomes[reply.outcome] += 1
        self.input_tokens += reply.usage.input_tokens or 0
        self.output_tokens += reply.usage.output_tokens or 0
        self.cost_usd += reply.cost_usd or 0.0
        if self.kept is not None:
            self.kept.add(reply)

    def count_failure(self, error: TeacherError) -> None:
        """Adds a request that was given up."""
        self.outcomes[error.outcome] += 1
        self.last_error = str(error)


def describe_tally(tally: Tally) -> str:
    """Tokens, dollars and failures so far, for a progress line."""
    parts = [f"{tally.input_tokens:,} tokens in, {tally.output_tokens:,} out"]
    if tally.cost_usd:
        parts.append(f"${tally.cost_usd:.4f}")
    if tally.kept is not None:
        parts.append(f"{tally.kept.count:,} kept")
    parts += [f"{count} {outcome}" for outcome, count in sorted(tally.outcomes.items()) if outcome != "ok"]
    return ", ".join(parts)


class RequestScheduler:
    """Asks chains of requests as the teachers' accounts let them; `stop()` lets what is in flight end."""

    def __init__(self, teachers: Mapping[int, Teacher], accounts: Mapping[int, Account], tally: Tally) -> None:
        self._teachers, self._accounts, self._tally = teachers, accounts, tally
        self._ended: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._open: Counter[int] = Counter()
        self._full: dict[int, asyncio.Future[None]] = {}
        self._stopped = False
        self._fatal: StillhouseError | None = None
        self.unfinished = False
        """Whether chains were not asked to their end because it was stopped."""

    @property
    def stopped(self) -> bool:
        """Says whether it was asked to stop before everything was sent."""
        return self._stopped

    def stop(self) -> None:
        """Sends nothing more; replies in flight are still awaited and journaled."""
        self._stopped = True
        self._halt()

    async def ask(
        self, lanes: Mapping[int, Iterable[FallbackChain]], most: int, first_alone: Collection[int] = ()
    ) -> None:
        """Asks each lane's chains, at most `most` open in each: in flight, waiting, or between two tries.

        A lane is the chains that a teacher is asked first: a slow teacher holds up no other. In those of
        `first_alone` the first chain ends before the second is asked. Returns when all are asked or it was
        stopped; raises the error that makes going on pointless.
        """
        with _few_collections():
            async with asyncio.TaskGroup() as group:
                for endpoint, chains in lanes.items():
                    group.create_task(self._feed(endpoint, iter(chains), most, group, alone=endpoint in first_alone))
        if self._fatal is not None:
            raise self._fatal

    def _halt(self) -> None:
        for account in self._accounts.values():
            account.close()
        for endpoint in list(self._full):
            self._full.pop(endpoint).set_result(None)

    async def _feed(
        self, endpoint: int, chains: Iterator[FallbackChain], most: int, group: asyncio.TaskGroup, *, alone: bool
    ) -> None:
        """Brings a lane's chains as its account empties, so that no more wait there than fill its ceiling."""
        for chain in chains:
            await self._accounts[endpoint].idle()
            if self._open[endpoint] >= most and not self._halted:
                self._full[endpoint] = asyncio.get_running_loop().create_future()
                await self._full[endpoint]
            if self._halted:
                self.unfinished = True
                return
            self._open[endpoint] += 1
            task = group.create_task(self._run(chain))
            # So that it stands in the account's queue before that is looked at again.
            await asyncio.sleep(0)
            if alone:
                alone = False
                await asyncio.wait([task])

    @property
    def _halted(self) -> bool:
        return self._stopped or self._fatal is not None

    async def _run(self, chain: FallbackChain) -> None:
        try:
            for item in chain:
                if self._halted:
                    self.unfinished = True
                    return
                if await self._ask_one(item.endpoint, item.request) in SETTLING:
                    return
        except Closed:
            self.unfinished = True
        finally:
            endpoint = chain[0].endpoint
            self._open[endpoint] -= 1
            if endpoint in self._full:
                self._full.pop(endpoint).set_result(None)

    async def _ask_one(self, endpoint: int, request: Request) -> Outcome | None:
        """Returns how it ended; None where the journal failed."""
        try:
            reply = await self._teachers[endpoint].complete(request)
        except TeacherError as error:
            self._tally.count_failure(error)
            self._ended[endpoint][error.outcome] += 1
            if isinstance(error, AuthError) or (isinstance(error, InvalidRequest) and self._is_hopeless(endpoint)):
                self._end_with(error)
            return error.outcome
        except RunError as error:
            # The journal cannot be written: nothing more may be sent.
            self._end_with(error)
            return None
        self._tally.count_reply(reply)
        self._ended[endpoint][reply.outcome] += 1
        return reply.outcome

    def _end_with(self, error: StillhouseError) -> None:
        self._fatal = error
        self._halt()

    def _is_hopeless(self, endpoint: int) -> bool:
        """Nothing but refused requests so far at this teacher, and enough of them to know."""
        return (
            self._ended[endpoint]["invalid"] >= HOPELESS
            and self._ended[endpoint]["invalid"] == self._ended[endpoint].total()
        )


@contextmanager
def _few_collections() -> Iterator[None]:
    """Looks seldom for cycles: requests leave none."""
    young, *old = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *old)
    try:
        yield
    finally:
        gc.set_threshold(young, *old)
