"""Every exception of the SDK has one of ours."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from teachers.errors import TeacherError
from teachers.openai.errors import KINDS, kind_of


def public_exceptions() -> list[type[Exception]]:
    found = (getattr(openai, name) for name in openai.__all__)
    return [item for item in found if isinstance(item, type) and issubclass(item, Exception)]


def descendants(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


# Raised while a client is built or by features this adapter does not use; all are OpenAIError, which
# `translate` makes Transient rather than let through.
NOT_FROM_A_CALL = {
    "APIRemovedInV1",
    "AgentFilePreparationError",
    "AgentFileStagingError",
    "AgentOutputParseError",
    "AgentTurnResultError",
    "MissingDependencyError",
    "MutuallyExclusiveAuthError",
    "StreamAlreadyConsumed",
    "SubjectTokenProviderError",
    "_AmbiguousModuleClientUsageError",
}


@pytest.mark.parametrize("kind", [*public_exceptions(), *descendants(openai.OpenAIError)])
def test_every_exception_is_mapped(kind: type[Exception]) -> None:
    known = kind is openai.OpenAIError or kind.__name__ in NOT_FROM_A_CALL
    assert known or issubclass(kind, openai.APIStatusError) or kind_of(kind) is not None


def test_the_table_names_only_our_errors() -> None:
    assert all(issubclass(kind, TeacherError) for kind in KINDS.values())
