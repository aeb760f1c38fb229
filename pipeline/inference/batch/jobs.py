"""One teacher's batch lane over the journal: parts are submitted once, jobs waited for, results settled by key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count
from typing import TypeVar

from pipeline.inference.budget import BatchBudget
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.journal.batches import Batches, Entry, OpenPart
from teachers.arrival import checked
from teachers.base import Reply
from teachers.batch.base import BatchLane, Job, Part, Ticket
from teachers.errors import InvalidRequest, NeverRun, RateLimited, TeacherError, Transient
from teachers.pacing.meter import batch_cost_usd

T = TypeVar("T")

SETTLE_ROWS = 256
"""Results that share a commit of the journal."""


@dataclass(slots=True, frozen=True)
class PollInterval:
    """The times to wait, in seconds. A provider's own hint goes first."""

    first_s: float = 2.0
    growth: float = 1.5
    most_s: float = 300.0
    listing_s: float = 20.0
    """How long a job may be missing from the provider's list after it was made."""
    attempts: int = 6
    """Most tries of one call that fails."""

    def after(self, tries: int, hint_s: float | None = None) -> float:
        """The wait after so many tries."""
        return hint_s if hint_s is not None else min(self.first_s * self.growth**tries, self.most_s)


@dataclass(slots=True, frozen=True)
class BatchCallbacks:
    """Whom a desk tells what happens."""

    ended: Callable[[str, Reply | TeacherError, bool], None]
    """A request's key, how it ended, and whether that counts as a try of it."""
    say: Callable[[str], None]
    """A line that stays."""
    progress: Callable[[], None]
    """Something moved."""


@dataclass(slots=True, frozen=True)
class Polling:
    """The way jobs are looked after, whosever they are."""

    interval: PollInterval
    callbacks: BatchCallbacks


class BatchJobs:
    """Submits and collects for one teacher."""

    def __init__(
        self,
        endpoint: ConfiguredTeacher,
        lane: BatchLane,
        batches: Batches,
        batch_budget: BatchBudget,
        polling: Polling,
    ) -> None:
        self.endpoint, self.lane, self.limits = endpoint, lane, lane.limits
        self.name = name_of(endpoint)
        self.running: dict[str, int] = {}
        """Jobs at the provider, with how many of their requests it has finished."""
        self._batches, self.batch_budget = batches, batch_budget
        self._callbacks, self._pace = polling.callbacks, polling.interval
        self._most_jobs: int | None = None
        self._freed = asyncio.Event()

    async def submit(self, part: Part) -> str:
        """Hands a part over, intents first; the job's id, which is on disk.

        Raises what makes going on pointless. Where it could not be learnt whether the provider has the part, it stays
        open in the journal, and the next process asks.
        """
        await self._batches.open_part(part, self.name, self.batch_budget.worst_usd(part.keys))
        job_id = await self._submit_once(part)
        await self._batches.submitted(part.ticket.part_id, job_id)
        self.running[job_id] = 0
        return job_id

    async def adopt(self, part: OpenPart) -> str | None:
        """The job of a part that an earlier process left; None where it never was submitted, and is owed again."""
        ticket = part.ticket
        job_id = part.job_id or await self._find(ticket)
        if job_id is None:
            await self._end(ticket, NeverRun("it was never submitted", provider=self._provider), counts=False)
            await self._batches.close_part(ticket.part_id)
            return None
        await self._batches.submitted(ticket.part_id, job_id)
        self.running[job_id] = 0
        return job_id

    async def watch(self, ticket: Ticket, job_id: str) -> None:
        """Waits for a job, and settles, removes and closes what was of it."""
        try:
            job = await self._wait(job_id)
            await self._collect(ticket, job)
        finally:
            self.running.pop(job_id, None)
            self._freed.set()
            self._callbacks.progress()

    async def cancel(self, job_id: str) -> None:
        """Asks the provider to end a job early. It may have ended: then nothing is to be done."""
        try:
            await self.lane.cancel(job_id)
        except TeacherError as error:
            self._callbacks.say(f"{self.endpoint.entry.label}: batch {job_id} could not be cancelled: {error}")

    @property
    def _provider(self) -> str:
        return self.endpoint.description.identity.provider

    async def _submit_once(self, part: Part) -> str:
        for tries in count():
            await self._room()
            try:
                return await self.lane.submit(part)
            except TeacherError as error:
                if not error.retryable:
                    await self._end(part.ticket, error, counts=True)
                    await self._batches.close_part(part.ticket.part_id)
                    raise
                if isinstance(error, RateLimited):
                    self._callbacks.say(f"{self.endpoint.entry.label}: {error}; the batch waits")
                elif tries + 1 >= self._pace.attempts:
                    raise
                await asyncio.sleep(self._pace.after(tries, error.retry_after_s))
                # No answer may mean that it was taken all the same.
                if not isinstance(error, RateLimited) and (job_id := await self._find(part.ticket)):
                    return job_id
        raise AssertionError  # count() has no end

    async def _find(self, ticket: Ticket) -> str | None:
        """The job of a part by the provider's list, which is given time to show it."""
        for wait_s in (0.0, self._pace.listing_s):
            await asyncio.sleep(wait_s)
            job_id = await self._again(lambda: self.lane.find(ticket, self._batches.jobs()))
            if job_id is not None:
                return job_id
        return None

    async def _room(self) -> None:
        """Waits while as many jobs run as the provider has shown to take."""
        while self._most_jobs is not None and len(self.running) >= self._most_jobs:
            self._freed.clear()
            await self._freed.wait()

    async def _wait(self, job_id: str) -> Job:
        """The job, ended. A provider that cannot be reached is asked again, for as long as it takes."""
        for tries in count():
            try:
                job = await self.lane.poll(job_id)
                if job.ended:
                    return job
                self.running[job_id], hint = job.done, job.poll_after_s
            except TeacherError as error:
                if error.status == 404:
                    gone = Transient("the provider no longer knows its batch", provider=self._provider)
                    return Job(job_id, ended=True, problem=gone)
                if not error.retryable:
                    raise
                hint = error.retry_after_s
            self._callbacks.progress()
            await asyncio.sleep(self._pace.after(tries, hint))
        raise AssertionError  # count() has no end

    async def _collect(self, ticket: Ticket, job: Job) -> None:
        entries = self._batches.entries(ticket.part_id)
        refusal: TeacherError | None = None
        if any(entry.outcome is None for entry in entries):
            if job.problem is not None or job.bad_lines:
                refusal = await self._refuse(ticket, entries, job)
            else:
                await self._read(job, entries)
            lost = Transient("its batch ended without a result for it", provider=self._provider)
            await self._end(ticket, lost, counts=True)
        await self._clean(job)
        await self._batches.close_part(ticket.part_id)
        if refusal is not None:
            raise refusal

    async def _refuse(self, ticket: Ticket, entries: list[Entry], job: Job) -> TeacherError | None:
        """Settles the requests of a job that failed as a whole; what makes going on pointless is returned."""
        bad = {entries[line - 1].key: error for line, error in job.bad_lines.items() if 0 < line <= len(entries)}
        if bad:
            others = NeverRun("its batch was refused for other requests", provider=self._provider)
            await self._settle_all(entries, lambda entry: bad.get(entry.key, others), lambda entry: entry.key in bad)
            return None
        problem = job.problem or next(iter(job.bad_lines.values()))
        await self._end(ticket, problem, counts=not isinstance(problem, RateLimited))
        if isinstance(problem, RateLimited):
            return self._take_less(ticket, problem)
        return None if problem.retryable else problem

    def _take_less(self, ticket: Ticket, problem: TeacherError) -> TeacherError | None:
        """After a job that the provider's queue had no room for: fewer at once, or where it was alone, smaller ones."""
        others = len(self.running) - 1
        if others:
            self._most_jobs = others
            return None
        smaller = ticket.requests // 2
        if smaller < max(self.limits.min_requests, 1):
            return problem
        self.limits = replace(self.limits, max_requests=smaller)
        self._callbacks.say(f"{self.endpoint.entry.label}: {problem}; batches of {smaller} from now on")
        return None

    async def _read(self, job: Job, entries: list[Entry]) -> None:
        """Settles what the job's results say; read again from the start where they break off."""
        attempts = {entry.key: entry.attempt for entry in entries}
        settled = {entry.key for entry in entries if entry.outcome is not None}
        try:
            strange = await self._again(lambda: self._read_once(job, attempts, settled))
        except InvalidRequest as error:
            if error.status != 404:  # results are kept for a while only
                raise
            strange = 0
        if strange:
            says = f"{strange} results of batch {job.id} are of no request of it, or repeat one: ignored"
            self._callbacks.say(f"{self.endpoint.entry.label}: {says}")

    async def _read_once(self, job: Job, attempts: Mapping[str, int], settled: set[str]) -> int:
        """Returns how many results were of no request of this part, or of one that another result came for."""
        strange, seen = 0, set[str]()
        chunk: list[tuple[int, str, Reply | TeacherError]] = []
        async with aclosing(self.lane.results(job)) as results:
            async for result in results:
                if result.key not in attempts or result.key in seen:
                    strange += 1
                    continue
                seen.add(result.key)
                if result.key in settled:
                    continue  # by an earlier process, or before the results broke off
                chunk.append((attempts[result.key], result.key, result.ended))
                if len(chunk) == SETTLE_ROWS:
                    await self._settle_chunk(chunk, settled)
        await self._settle_chunk(chunk, settled)
        return strange

    async def _settle_chunk(self, chunk: list[tuple[int, str, Reply | TeacherError]], settled: set[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for attempt, key, ended in chunk:
                group.create_task(self._settle(attempt, key, ended, counts=True))
        settled.update(key for _, key, _ in chunk)
        chunk.clear()

    async def _end(self, ticket: Ticket, error: TeacherError, *, counts: bool) -> None:
        """Settles with an error whatever of a part nothing came for."""
        entries = self._batches.entries(ticket.part_id)
        await self._settle_all(entries, lambda _: error, lambda _: counts)

    async def _settle_all(
        self, entries: Iterable[Entry], how: Callable[[Entry], TeacherError], counts: Callable[[Entry], bool]
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for entry in entries:
                if entry.outcome is None:
                    group.create_task(self._settle(entry.attempt, entry.key, how(entry), counts=counts(entry)))

    async def _settle(self, attempt: int, key: str, ended: Reply | TeacherError, *, counts: bool) -> None:
        if isinstance(ended, Reply):
            share, price = self.endpoint.description.capabilities.batch_price, self.endpoint.entry.to_price()
            dollars = batch_cost_usd(self.endpoint.description.identity, ended.usage, share, price)
            ended = replace(checked(ended, self.endpoint.schema), cost_usd=dollars)
        await self._batches.settle(attempt, key, ended)
        self.batch_budget.settle(key, ended)
        self._callbacks.ended(key, ended, counts)

    async def _clean(self, job: Job) -> None:
        """Removes the files at the provider. What cannot be removed is said; the replies are in the journal."""
        try:
            left = await self._again(lambda: self.lane.clean(job))
        except TeacherError as error:
            left = f"its files stay at the provider: {error}"
        if left is not None:
            self._callbacks.say(f"{self.endpoint.entry.label}: batch {job.id}: {left}")

    async def _again(self, call: Callable[[], Awaitable[T]]) -> T:
        """Returns what a call returns, made again where it fails in a way that may pass."""
        for tries in count():
            try:
                return await call()
            except TeacherError as error:
                if not error.retryable or tries + 1 >= self._pace.attempts:
                    raise
                await asyncio.sleep(self._pace.after(tries, error.retry_after_s))
        raise AssertionError  # count() has no end


def name_of(endpoint: ConfiguredTeacher) -> str:
    """Returns what the journal calls a teacher: all of its endpoint that changes its answers."""
    who = endpoint.description.identity
    return " ".join(filter(None, (f"{who.provider}:{who.model}", who.base_url, who.api_version)))
