"""A student asked from Python says what the evaluation's student says, by the prompt that it was taught with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pipeline import InputError, Student, load_recipe
from prompts.messages import Message
from tests.pipeline.helpers import write_recipe


@pytest.fixture(scope="module")
def student(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    recipe = load_recipe(write_recipe(tmp_path_factory.mktemp("student")), {"evaluate.max_tokens": 4})
    with Student(tiny, recipe) as opened:
        yield opened


def test_a_text_fields_and_a_conversation_are_one_question(student: Student) -> None:
    conversation = (Message("system", "Answer spam or ham."), Message("user", "cheap pills"))
    assert student.conversation("cheap pills") == conversation
    assert student.conversation({"text": "cheap pills", "label": "spam"}) == conversation
    assert student.conversation(list(conversation)) == conversation
    reply = student.ask("cheap pills")
    assert reply.usage.output_tokens is not None
    assert 0 < reply.usage.output_tokens <= 4
    assert student.ask(conversation).text == reply.text


def test_a_missing_field_is_named(student: Student) -> None:
    with pytest.raises(InputError, match=r"lacks the field 'text'. Give text"):
        student.ask({"mail": "cheap pills"})


def test_inside_a_running_loop_as_in_a_notebook(student: Student) -> None:
    async def cell() -> str:
        return student.ask("cheap pills").text

    assert asyncio.run(cell()) == student.ask("cheap pills").text
