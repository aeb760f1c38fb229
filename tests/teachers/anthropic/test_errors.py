"""Every exception of the SDK has one of ours, and every error of the API the right kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import anthropic
import pytest
from anthropic.types.shared import ErrorType

from teachers.anthropic.errors import KINDS, kind_of
from teachers.anthropic.wire import STATUSES, error_in
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Transient


def public_exceptions() -> list[type[Exception]]:
    found = (getattr(anthropic, name) for name in dir(anthropic))
    return [item for item in found if isinstance(item, type) and issubclass(item, Exception)]


def descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


# Raised by features this adapter does not use; all are AnthropicError, which `translate` makes Transient rather
# than let through.
NOT_FROM_A_CALL = {"MissingDependencyError", "MutuallyExclusiveAuthError", "StreamAlreadyConsumed", "ToolsetUsageError"}


@pytest.mark.parametrize("kind", [*public_exceptions(), *descendants(anthropic.AnthropicError)])
def test_every_exception_is_mapped(kind: type[Exception]) -> None:
    unused = {base.__name__ for base in kind.__mro__} & NOT_FROM_A_CALL
    known = kind is anthropic.AnthropicError or unused
    assert known or issubclass(kind, anthropic.APIStatusError) or kind_of(kind) is not None


def test_the_table_names_only_our_errors() -> None:
    assert all(issubclass(kind, TeacherError) for kind in KINDS.values())


def test_every_type_of_error_has_a_status() -> None:
    assert set(get_args(ErrorType)) <= set(STATUSES)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("invalid_request_error", InvalidRequest),
        ("authentication_error", AuthError),
        ("billing_error", AuthError),
        ("permission_error", AuthError),
        ("not_found_error", InvalidRequest),
        ("request_too_large", InvalidRequest),
        ("rate_limit_error", RateLimited),
        ("api_error", Transient),
        ("timeout_error", Transient),
        ("overloaded_error", Transient),
        ("a_new_error", Transient),
    ],
)
def test_an_error_inside_a_200_has_its_kind(name: str, kind: type[TeacherError]) -> None:
    error = error_in({"type": "error", "error": {"type": name, "message": "as it says."}})
    assert type(error) is kind
    assert "as it says" in str(error)


@pytest.mark.parametrize("code", ["enforced_spend_limit_reached", "contract_spend_limit_reached"])
def test_a_spent_limit_is_not_a_rate(code: str) -> None:
    details = {"type": "rate_limit_error", "message": "limit", "details": {"error_code": code}}
    error = error_in({"error": details}, 429)
    assert type(error) is AuthError
    assert "raise the limit" in str(error)


@pytest.mark.parametrize(
    "message",
    [
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.",
        "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
    ],
)
def test_no_credit_is_a_400_like_any_other_but_for_its_words(message: str) -> None:
    error = error_in({"error": {"type": "invalid_request_error", "message": message}}, 400)
    assert type(error) is AuthError
    assert "Add credit" in str(error)


@pytest.mark.parametrize(
    "body", [None, "Bad gateway", [], {}, {"error": None}, {"error": "text"}, {"error": {"type": 7}}]
)
def test_any_body_is_an_error_of_its_status(body: object) -> None:
    assert type(error_in(body, 503, reason="Service Unavailable")) is Transient
    assert type(error_in(body)) is Transient
