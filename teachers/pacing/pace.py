"""The pace of a teacher: a request goes when its account lets it.

    Retrying(Paced(Journaled(Landed(Metered(adapter)))))

`Paced` waits before the intent is journaled; `Landed` frees the place when the answer is here, before that is on
disk: a slow disk must not look like a slow server, nor take the server's places.
"""

from __future__ import annotations

from contextvars import ContextVar

from teachers.base import Reply, Request, Teacher
from teachers.errors import TeacherError
from teachers.pacing.account import Account
from teachers.pacing.ceiling import Flight
from teachers.pacing.wrapper import Wrapper

CHARS_PER_TOKEN = 4.0  # English prose under the common byte-pair vocabularies; the truth is settled afterwards
UNKNOWN_TOKENS = 1024  # reserved for a reply without `max_tokens`, until some have come
KNOWN_AFTER = 8  # replies after which their mean length says more than `max_tokens`

_FLIGHT: ContextVar[Flight] = ContextVar("flight")


class Paced(Wrapper):
    """Waits for the account; raises what the teacher raises, and Closed where the account was closed."""

    def __init__(self, teacher: Teacher, account: Account) -> None:
        super().__init__(teacher)
        self._account = account
        self._output = _Mean()

    async def complete(self, request: Request) -> Reply:
        """Answers when it is let through. Its place is free when this ends, however it ends."""
        flight = await self._account.admit(self._estimate(request))
        # `Landed` is several wrappers further in: so it knows which place an answer frees.
        token = _FLIGHT.set(flight)
        try:
            reply = await self._teacher.complete(request)
        finally:
            _FLIGHT.reset(token)
            self._account.drop(flight)
        if reply.usage.output_tokens is not None:
            self._output.add(reply.usage.output_tokens)
        return reply

    def _estimate(self, request: Request) -> float:
        """Tokens: the input's from its characters, the output's from the replies so far, at most `max_tokens`."""
        characters = sum(len(turn.content) for turn in request.messages)
        if request.continuation is not None:
            return (characters + len(request.continuation)) / CHARS_PER_TOKEN
        most = request.sampling.max_tokens
        output = self._output.value if self._output.count >= KNOWN_AFTER else (most or UNKNOWN_TOKENS)
        return characters / CHARS_PER_TOKEN + min(output, most or output)


class Landed(Wrapper):
    """Tells the account how a request that `Paced` let through has ended."""

    def __init__(self, teacher: Teacher, account: Account) -> None:
        super().__init__(teacher)
        self._account = account

    async def complete(self, request: Request) -> Reply:
        """Answers as the teacher does."""
        try:
            reply = await self._teacher.complete(request)
        except TeacherError as error:
            self._account.fail(_FLIGHT.get(), error)
            raise
        self._account.answer(_FLIGHT.get(), reply)
        return reply


class _Mean:
    """A running mean that follows what has come lately."""

    def __init__(self) -> None:
        self.count, self.value = 0, 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.value += (value - self.value) / min(self.count, 64)
