"""What each teacher is asked with, and what may be left out."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.inference.endpoints import ConfiguredTeacher, configure_teacher, warnings_about
from pipeline.recipe.recipe import Generate
from pipeline.recipe.teachers import TeacherEntry
from teachers.errors import Unsupported


def endpoint(spec: str, optional: list[str] | None = None, **generate: Any) -> ConfiguredTeacher:
    return configure_teacher(TeacherEntry(spec=spec), Generate(optional=optional or [], **generate), system=True)


def test_what_a_teacher_lacks_is_an_error_that_names_the_way_out() -> None:
    with pytest.raises(Unsupported, match=r"leave temperature unset.*generate\.optional"):
        endpoint("anthropic:claude-sonnet-5", temperature=0)


def test_what_is_optional_is_left_out_and_told() -> None:
    found = endpoint("anthropic:claude-sonnet-5", ["temperature", "top_logprobs"], temperature=0, top_logprobs=5)
    assert (found.sampling.temperature, found.sampling.top_logprobs) == (None, 0)
    assert set(found.left_out) == {"temperature", "top_logprobs"}


def test_what_is_optional_is_kept_where_it_is_honoured() -> None:
    found = endpoint("openai:gpt-4.1", ["temperature", "top_logprobs"], temperature=0, top_logprobs=5)
    assert (found.sampling.temperature, found.sampling.top_logprobs, found.left_out) == (0, 5, ())


def test_of_logprobs_as_many_are_asked_for_as_there_are() -> None:
    found = endpoint("openai:gpt-4.1", ["top_logprobs"], top_logprobs=50)
    assert (found.sampling.top_logprobs, found.left_out) == (20, ("top_logprobs",))


def test_an_override_is_believed() -> None:
    entry = TeacherEntry(spec="openai:gpt-4.1", capabilities={"top_logprobs": 3, "seed": False})
    with pytest.raises(Unsupported, match=r"at most 3 top_logprobs.*takes no seed"):
        configure_teacher(entry, Generate(top_logprobs=4, seed=1), system=False)


def test_only_what_is_optional_may_be_left_out() -> None:
    with pytest.raises(Unsupported, match="takes no seed"):
        endpoint("anthropic:claude-sonnet-5", ["temperature"], temperature=0, seed=1)


def test_a_thinking_model_with_few_tokens_is_warned_of() -> None:
    said = list(warnings_about(endpoint("openai:gpt-5", max_tokens=64)))
    assert len(said) == 1
    assert "thinks" in said[0]
    assert not list(warnings_about(endpoint("openai:gpt-4.1", max_tokens=64)))
    assert not list(warnings_about(endpoint("openai:gpt-5", max_tokens=4096)))
