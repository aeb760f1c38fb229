"""Why a teacher did not answer: which errors are worth another try, and which may have been paid."""

from __future__ import annotations

from typing import get_args

import pytest

from prompts.errors import StillhouseError
from teachers.base import Outcome
from teachers.errors import (
    AuthError,
    InvalidRequest,
    Malformed,
    NeverRun,
    RateLimited,
    TeacherError,
    Transient,
    Unsupported,
)

KINDS = [Transient, NeverRun, RateLimited, AuthError, InvalidRequest, Malformed, Unsupported]


@pytest.mark.parametrize("kind", KINDS)
def test_each_has_an_outcome_that_the_journal_knows(kind: type[TeacherError]) -> None:
    assert kind.outcome in get_args(Outcome)
    assert kind.retryable == (kind in (Transient, NeverRun, RateLimited, Malformed))
    assert issubclass(kind, StillhouseError)


@pytest.mark.parametrize(
    ("kind", "status", "maybe_paid"),
    [
        (Transient, None, True),  # nothing came: it may have worked and charged
        (Transient, 503, False),
        (NeverRun, None, False),
        (Malformed, 200, True),
        (RateLimited, 429, False),
        (AuthError, 401, False),
        (InvalidRequest, 400, False),
        (Unsupported, None, False),
    ],
)
def test_what_may_have_been_charged(kind: type[TeacherError], status: int | None, maybe_paid: bool) -> None:
    assert kind("x", provider="openai", status=status).maybe_paid == maybe_paid


def test_a_message_says_who_what_and_what_to_do() -> None:
    error = RateLimited("slow down", provider="openai", status=429, retry_after_s=2.5, remedy="Lower the rate")
    assert str(error) == "openai (429): slow down. Lower the rate"
    assert error.retry_after_s == 2.5
    assert str(Transient("gone", provider="bedrock")) == "bedrock: gone"
    assert Unsupported("x", provider="gguf").exit_code == 2
