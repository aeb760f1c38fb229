"""A batch lane: a provider's batch API as six calls, each of which may be repeated.

    part    requests in one file, within the provider's limits; its id is ours and travels with the job
    job     the provider's name for a part that it has taken, and where it stands
    result  how one request of a job ended, under the key that it was sent with

A part is submitted once. Where it is not known whether that happened (a crash, a lost answer), `find` asks the
provider for the job that carries the part's id.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from teachers.base import Capabilities, Identity, Reply, Request
from teachers.errors import TeacherError
from teachers.provider import PartLimits
from teachers.transport.keys import redact_error, refuse_echo


@dataclass(slots=True, frozen=True)
class Ticket:
    """A part without its file: enough to find its job again."""

    part_id: str
    created_at: float
    """Unix time at which the part was made, before it was submitted."""
    requests: int


@dataclass(slots=True, frozen=True)
class Part:
    """Requests in one file, one a line, each as the provider wants it."""

    ticket: Ticket
    path: Path
    size_bytes: int
    keys: tuple[str, ...]
    """The requests' keys, in the order of the lines."""


@dataclass(slots=True, frozen=True)
class Job:
    """Where a job stands."""

    id: str
    ended: bool
    """Its results, as many as there are, can be read."""
    done: int = 0
    """Requests that the provider has finished, answered or not."""
    problem: TeacherError | None = None
    """Why the job as a whole failed."""
    bad_lines: Mapping[int, TeacherError] = field(default_factory=dict)
    """Lines, from 1, for which the provider refused the whole job."""
    files: tuple[str, ...] = ()
    """The provider's names for the files that hold its results."""
    input_file: str | None = None
    """The provider's name for the file that holds its requests."""
    poll_after_s: float | None = None
    """When to ask again, where the provider says so."""


@dataclass(slots=True, frozen=True)
class Result:
    """The ending of one request."""

    key: str
    """The key of its request, as the provider repeats it; empty where the line could not be read."""
    ended: Reply | TeacherError

    def without(self, secrets: Sequence[str], provider: str) -> Result:
        """Returns the same without a key: cut from an error; a reply that holds one becomes Malformed."""
        if isinstance(self.ended, TeacherError):
            for secret in secrets:
                redact_error(self.ended, secret)
            return self
        try:
            refuse_echo(self.ended, secrets, provider)
        except TeacherError as error:
            return Result(self.key, error)
        return self


class BatchLane(Protocol):
    """A provider's batch API for one teacher. Every call raises TeacherError and nothing else."""

    limits: PartLimits
    keeps_on_cancel: bool
    """A cancelled job still gives what it had answered, and charges for nothing else."""

    @property
    def identity(self) -> Identity:
        """The one who answers."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities it has."""

    def to_line(self, request: Request) -> bytes:
        """Returns the request as one line of a part, without the newline; Unsupported where it cannot be honoured."""

    async def submit(self, part: Part) -> str:
        """Hands a part over; the job's id. Once it has returned, `find` would return the same."""

    async def find(self, ticket: Ticket, taken: frozenset[str]) -> str | None:
        """Returns the id of the job that a part became, if it did; never one of `taken`, which other parts became."""

    async def poll(self, job_id: str) -> Job:
        """Where a job stands. InvalidRequest with status 404: the provider knows it no more."""

    def results(self, job: Job) -> AsyncGenerator[Result, None]:
        """Yields how the requests of a job that has ended did, in any order, as they are read."""

    async def cancel(self, job_id: str) -> None:
        """Asks the provider to end a job early; it has ended once `poll` says so."""

    async def clean(self, job: Job) -> str | None:
        """Removes what a job left at the provider. What stays there, in words; None where nothing does."""

    async def close(self) -> None:
        """Frees sockets and threads; safe to call twice."""
