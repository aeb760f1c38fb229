"""The batch lane: what is owed goes to the provider in parts, and comes back within a day.

    owed ──▶ parts ──▶ intents on disk ──▶ submitted ──▶ job's id on disk ──▶ polled ──▶ results settled ──▶ cleaned

A kill at any of these moments costs nothing. A part without a job's id may be at the provider or not: the provider's
list decides, before anything is submitted. A job that runs is waited for by whichever process comes next, in either
lane; what it holds is not asked again until it has ended. What a job leaves owed (expired, failed, lost) goes into
the next round's parts.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import islice, takewhile

from pipeline.inference.batch.jobs import BatchCallbacks, BatchJobs, Polling, PollInterval, name_of
from pipeline.inference.budget import BatchBudget, known_cost_bound, open_ledger
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.inference.scheduler import KeptCount, Tally, describe_tally
from pipeline.inference.session import Session
from pipeline.journal.batches import Batches, OpenPart
from pipeline.journal.samples import SampleRequest
from pipeline.process.signals import on_stop_signal
from prompts.errors import InputError, StillhouseError
from teachers.base import ANSWERS, Reply
from teachers.batch.base import Part
from teachers.batch.catalog import open_lane
from teachers.batch.parts import split
from teachers.errors import TeacherError, Unsupported

PAGE = 500
"""Requests whose attempts are looked up at once."""

BOOKED = """
SELECT r.key, a.worst_usd FROM batches b JOIN attempts a ON a.id BETWEEN b.first AND b.first + b.requests - 1
JOIN requests r ON r.id = a.request WHERE b.part = ? AND a.outcome IS NULL AND a.worst_usd IS NOT NULL
"""


def check_lanes(endpoints: Iterable[ConfiguredTeacher]) -> None:
    """Raises Unsupported where a teacher has no batch lane, before anything is spent."""
    for endpoint in endpoints:
        if not endpoint.description.capabilities.batch:
            remedy = "Set generate.lane to online; or, where its server has batches, capabilities: {batch: true}"
            message = f"'{endpoint.entry.label}' has no batch lane"
            raise Unsupported(message, provider=endpoint.description.identity.provider, remedy=remedy)


async def ask_batches(session: Session, *, kept: KeptCount | None = None) -> Tally:
    """Asks all that the journal owes by batches, whatever earlier processes left at the provider first.

    Raises KeyboardInterrupt when the user stopped it: jobs go on at the provider, and the same command collects them.
    Raises what makes going on pointless: AuthError, the journal's RunError, InvalidRequest for a job refused whole.
    """
    check_lanes(session.endpoints.values())
    work = _Work(session)
    work.tally.kept = kept
    async with work.opened(session.endpoints):
        session.context.progress.start(session.stage, work.tally.total)
        with on_stop_signal(_stopping(work)):
            await work.ask_all()
    return work.tally


async def reclaim(session: Session) -> None:
    """Ends the jobs that an earlier process left, for a run that goes on in the online lane.

    They are cancelled where the provider then still gives what they had answered and charges for nothing else;
    elsewhere they are waited for. Nothing that a job holds is asked twice.
    """
    work = _Work(session)
    left = work.left_at(session.endpoints)
    if not left:
        return
    concerned = {number: session.endpoints[number] for number, _ in left}
    async with work.opened(concerned):
        with on_stop_signal(_stopping(work)):
            await work.collect(cancel=True)


class _Work:
    """One process's batches: each teacher's jobs, and rounds until nothing more can be asked."""

    def __init__(self, session: Session) -> None:
        context, journal = session.context, session.journal
        generate = context.recipe.generate
        self.tally = Tally(sum(journal.count_owed().values()))
        self.jobs_by_endpoint: dict[int, BatchJobs] = {}
        self.stage, self.say = session.stage, context.progress.say
        self._context, self._journal, self._batches = context, journal, Batches(journal)
        self._pace = PollInterval(attempts=generate.attempts)
        self._attempts, self._timeout_s = generate.attempts, generate.timeout_s
        self._folder = context.run.root / "batches"
        self._tries: Counter[str] = Counter()
        self._given_up: set[str] = set()
        self._begun: set[int] = set()

    @asynccontextmanager
    async def opened(self, endpoints: Mapping[int, ConfiguredTeacher]) -> AsyncGenerator[None, None]:
        """Opens each teacher's lane, for as long as it lasts."""
        shutil.rmtree(self._folder, ignore_errors=True)  # parts of a process that was killed
        polling = Polling(self._pace, BatchCallbacks(self._ended, self.say, self._show))
        ledger = open_ledger(self._context.recipe.generate, self._journal)
        async with AsyncExitStack() as stack:
            for number, endpoint in endpoints.items():
                lane = open_lane(endpoint.description.spec, timeout_s=self._timeout_s)
                stack.push_async_callback(lane.close)
                cost_bound = known_cost_bound(endpoint, in_batch=True)
                budget = BatchBudget(ledger, cost_bound)
                self.jobs_by_endpoint[number] = BatchJobs(endpoint, lane, self._batches, budget, polling)
            yield
        shutil.rmtree(self._folder, ignore_errors=True)

    def left_at(self, endpoints: Mapping[int, ConfiguredTeacher]) -> list[tuple[int, OpenPart]]:
        """Returns the parts that earlier processes left, with whose they are. What nobody can collect is said."""
        numbers = {name_of(endpoint): number for number, endpoint in endpoints.items()}
        left = []
        for part in self._batches.open_parts():
            number = numbers.get(part.teacher)
            if number is not None:
                left.append((number, part))
                continue
            whose = f"batch {part.job_id} of {part.teacher}"
            self.say(f"{self.stage}: {whose} is left: the recipe names another teacher")
        return left

    async def ask_all(self) -> None:
        """Rounds of submitting and waiting, the first with what was left; ends where a round has nothing to submit."""
        left = await self._adopt(cancel=False)
        while await self._round(left):
            left = []
        for jobs in self.jobs_by_endpoint.values():
            if jobs.batch_budget.stopped:
                raise jobs.batch_budget.stopped
        if self.tally.last_error:
            failed = sum(number for outcome, number in self.tally.outcomes.items() if outcome not in ANSWERS)
            self.say(f"{self.stage}: {failed} requests got no answer; the last: {self.tally.last_error}")

    async def collect(self, *, cancel: bool) -> None:
        """Waits for the jobs that were left, and settles what they hold."""
        left = await self._adopt(cancel=cancel)
        with _one_error():
            async with asyncio.TaskGroup() as group:
                for jobs, part, job_id in left:
                    group.create_task(jobs.watch(part.ticket, job_id))

    async def _adopt(self, *, cancel: bool) -> list[tuple[BatchJobs, OpenPart, str]]:
        """The jobs of the parts that were left. Looked for before anything new could be taken for one of them."""
        left = []
        for number, part in self.left_at({number: jobs.endpoint for number, jobs in self.jobs_by_endpoint.items()}):
            jobs = self.jobs_by_endpoint[number]
            jobs.batch_budget.take_over(self._booked_usd(part))
            job_id = await jobs.adopt(part)
            if job_id is None:
                continue
            self._begun.add(number)
            left.append((jobs, part, job_id))
            ends = cancel and jobs.lane.keeps_on_cancel
            self.say(
                f"{self.stage}: batch {job_id} of {jobs.endpoint.entry.label} with {part.ticket.requests} requests is "
                + ("cancelled; what it has answered is kept" if ends else "at the provider already: waiting for it")
            )
            if ends:
                await jobs.cancel(job_id)
        return left

    def _booked_usd(self, part: OpenPart) -> dict[str, float]:
        """By key, what those of a part's requests can cost for which nothing has come."""
        booked = self._journal.read(BOOKED, (part.ticket.part_id,))
        return {key.hex(): worst_usd for key, worst_usd in booked}

    async def _round(self, left: list[tuple[BatchJobs, OpenPart, str]]) -> int:
        """Submits what is owed and waits for every job; how many parts and earlier jobs there were."""
        submitted = len(left)
        for jobs in self.jobs_by_endpoint.values():
            jobs.batch_budget.stopped = None
        with _one_error():
            async with asyncio.TaskGroup() as group:
                for jobs, earlier, job_id in left:
                    group.create_task(jobs.watch(earlier.ticket, job_id))
                # One part at a time, whosever it is: at most one is ever without its job's id.
                for number, jobs in self.jobs_by_endpoint.items():
                    for part in self._parts(number, jobs):
                        job_id = await jobs.submit(part)
                        self._begun.add(number)
                        submitted += 1
                        self._show()
                        group.create_task(jobs.watch(part.ticket, job_id))
        return submitted

    def _parts(self, number: int, jobs: BatchJobs) -> Iterator[Part]:
        affordable = takewhile(lambda item: jobs.batch_budget.affords(item.request), self._fresh(number))
        lines = ((item.request.key, jobs.lane.to_line(item.request)) for item in affordable)
        for part in split(lines, jobs.limits, self._folder):
            if part.ticket.requests >= jobs.limits.min_requests:
                yield part
                continue
            says = f"{part.ticket.requests} requests are fewer than the {jobs.limits.min_requests} of a batch"
            jobs.batch_budget.release(part.keys)
            if jobs.batch_budget.stopped:
                self.say(f"{self.stage}: {jobs.endpoint.entry.label}: {says}; no more fit under the budget now")
                continue
            if number not in self._begun and not self._journal.counts()["answered"]:
                remedy = "Set it to online, or the teacher's batch.min_requests to your account's quota"
                raise InputError(says, field="generate.lane", remedy=remedy)
            self.say(f"{self.stage}: {jobs.endpoint.entry.label}: {says}; generate.lane: online asks them")
            self._given_up.update(part.keys)

    def _fresh(self, number: int) -> Iterator[SampleRequest]:
        """Returns what a teacher is owed and its provider has not got already."""
        feed = self._owed(number)
        while page := list(islice(feed, PAGE)):
            flying = self._batches.in_flight(item.request.key for item in page)
            yield from (item for item in page if item.request.key not in flying)

    def _owed(self, number: int) -> Iterator[SampleRequest]:
        """Each chain's next request, where it is this teacher's."""
        falls_back = self._context.recipe.combine.how == "fallback"
        for lane in self.jobs_by_endpoint if falls_back else (number,):
            for chain in self._journal.owed(lane):
                item = next((item for item in chain if item.request.key not in self._given_up), None)
                if item is not None and item.endpoint == number:
                    yield item

    def _ended(self, key: str, ended: Reply | TeacherError, counts: bool) -> None:
        """Counts an end. A request is given up once another try cannot help, or it had as many as it may."""
        if isinstance(ended, Reply):
            self.tally.count_reply(ended)
            return
        self._tries[key] += counts
        if not ended.retryable or self._tries[key] >= self._attempts:
            self._given_up.add(key)
            self.tally.count_failure(ended)

    def _show(self) -> None:
        jobs = [done for jobs in self.jobs_by_endpoint.values() for done in jobs.running.values()]
        at_provider = f"{len(jobs)} batches, {sum(jobs)} done at the provider; " if jobs else ""
        figures = {"batches": len(jobs), "done_at_provider": sum(jobs), "cost_usd": self.tally.cost_usd}
        if self.tally.kept is not None:
            figures["kept"] = self.tally.kept.count
        self._context.progress.update(self.tally.done, at_provider + describe_tally(self.tally), figures=figures)


@contextmanager
def _one_error() -> Iterator[None]:
    """Raises the first of a task group's errors by itself: the others were cancelled for it."""
    try:
        yield
    except BaseExceptionGroup as group:
        foreseen, _ = group.split(StillhouseError)
        first: BaseException = foreseen or group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def _stopping(work: _Work) -> Callable[[], None]:
    """Ctrl-C or SIGTERM stops waiting. What is at the provider goes on there."""
    main = asyncio.current_task()

    def stop() -> None:
        jobs = sum(len(jobs.running) for jobs in work.jobs_by_endpoint.values())
        work.say(f"{work.stage}: stopped waiting. {jobs} batches go on at the provider; the same command collects them")
        if main is not None:
            main.cancel()

    return stop
