"""Why a teacher did not answer.

    TeacherError            provider, status, retryable, retry_after_s, limits, what to do
    ├── Transient           the network or the server failed: worth another try       retryable
    │   └── NeverRun        its batch ended first: nobody charges for it              retryable
    ├── RateLimited         the server said "later": honour its own hint               retryable
    ├── AuthError           the key is missing, wrong or not allowed: stop the run
    ├── InvalidRequest      the server understood and refused this request
    ├── Malformed           the server answered something that is not an answer
    └── Unsupported         the teacher cannot honour what is asked; raised before any call

SDK exceptions are wrapped at the adapter's boundary with `raise ... from`; none passes it.
"""

from __future__ import annotations

from typing import ClassVar

from prompts.errors import StillhouseError
from teachers.base import Limits, Outcome


class TeacherError(StillhouseError):
    """An attempt that gave no reply."""

    outcome: ClassVar[Outcome] = "transient"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        status: int | None = None,
        retry_after_s: float | None = None,
        remedy: str | None = None,
    ) -> None:
        self.provider, self.status, self.retry_after_s, self.remedy = provider, status, retry_after_s, remedy
        self.limits: Limits | None = None
        """The account's limits, where the answer told them: for the pace. Set by the adapter."""
        who = provider if status is None else f"{provider} ({status})"
        advice = f". {remedy}" if remedy else ""
        super().__init__(f"{who}: {message}{advice}")

    @property
    def maybe_paid(self) -> bool:
        """True where the attempt may have been charged: what came was no answer, or nothing came at all."""
        # A status says that the server refused or failed; without one it may have worked and charged.
        return self.outcome == "malformed" or (self.outcome == "transient" and self.status is None)


class Transient(TeacherError):
    """No answer, or a 5xx: another try may succeed."""

    retryable = True


class NeverRun(Transient):
    """A batch ended before this request was answered, or the provider never had it: nobody charges for it."""

    maybe_paid = False


class RateLimited(TeacherError):
    """429 or its like; `retry_after_s` is the server's own hint where it gave one."""

    outcome = "rate_limited"
    retryable = True


class AuthError(TeacherError):
    """No key, a wrong key, or no permission: no further request can succeed."""

    outcome = "auth"


class InvalidRequest(TeacherError):
    """The server refused this request: unknown model, bad schema, context too long."""

    outcome = "invalid"


class Malformed(TeacherError):
    """A body that is not the protocol's: HTML, torn JSON, no choices."""

    outcome = "malformed"
    retryable = True


class Unsupported(TeacherError):
    """The teacher lacks what the request needs; the message says what to set."""

    exit_code = 2
    outcome = "invalid"
