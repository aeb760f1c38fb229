"""The replay teacher: its format, and the contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompts.errors import InputError
from teachers.base import Reply, Request, Teacher
from teachers.catalog import describe
from teachers.errors import InvalidRequest
from tests.teachers.contract import TeacherContract, ask, conversation, with_teacher


def record(question: str, reply: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": question}], "reply": reply})


@pytest.fixture
def spec(tmp_path: Path) -> str:
    lines = [record(question, f"answer to {question}") for question in TeacherContract.questions]
    path = tmp_path / "replies.jsonl"
    path.write_text("\n".join([*lines, record("twice", "first"), "", record("twice", "second")]))
    return f"replay:{path}"


class TestContract(TeacherContract):
    @pytest.fixture
    def spec(self, spec: str) -> str:
        return spec


def test_the_sample_index_chooses_among_equal_questions(spec: str) -> None:
    async def use(teacher: Teacher) -> list[Reply]:
        requests = [Request(teacher.identity, conversation("twice"), sample_index=index) for index in (0, 1)]
        return [await teacher.complete(request) for request in requests]

    assert [reply.text for reply in with_teacher(spec, use)] == ["first", "second"]


def test_an_unknown_question_is_invalid(spec: str) -> None:
    with pytest.raises(InvalidRequest, match="0 replies are recorded for 'never asked'"):
        with_teacher(spec, lambda teacher: ask(teacher, "never asked"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[]", "replies.jsonl:1"),
        ('{"messages": [{"role": "wizard", "content": ""}], "reply": ""}', "field 'messages.0.role'"),
        ('{"messages": []}', "replies.jsonl:1: field 'reply'"),
        ('{"messages": [], "reply": "\udc80"}', "replies.jsonl:1"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_bytes(line.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as caught:
        describe(f"replay:{path}")
    assert says in str(caught.value)
