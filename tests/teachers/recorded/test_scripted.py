"""The scripted teacher: its format, and the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from teachers.base import Reply, Teacher
from teachers.catalog import describe
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient
from tests.teachers.contract import TeacherContract, ask, with_teacher

LABELLED = {"reply": "spam", "tokens": [{"text": "spam", "top": {"spam": -0.1, "ham": -2.4}}]}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def write(*rules: dict[str, Any] | str) -> str:
        path = tmp_path / "rules.jsonl"
        path.write_text("\n".join(rule if isinstance(rule, str) else json.dumps(rule) for rule in rules))
        return f"scripted:{path}"

    return write


class TestContract(TeacherContract):
    @pytest.fixture
    def spec(self, write: Callable[..., str]) -> str:
        return write({"match": "apple", **LABELLED}, {"match": "violin", "reply": "a b"}, {"reply": "other"})


def test_gives_the_logprobs_it_is_told(write: Callable[..., str]) -> None:
    reply = with_teacher(write(LABELLED), lambda teacher: ask(teacher, "x", top_logprobs=2))
    assert [(other.bytes, other.logprob) for other in reply.tokens[0].top] == [(b"spam", -0.1), (b"ham", -2.4)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("auth", AuthError),
        ("invalid", InvalidRequest),
        ("malformed", Malformed),
        ("rate_limited", RateLimited),
        ("transient", Transient),
    ],
)
def test_fails_as_often_as_it_is_told(write: Callable[..., str], name: str, kind: type[TeacherError]) -> None:
    async def use(teacher: Teacher) -> Reply:
        with pytest.raises(kind) as caught:
            await ask(teacher, "x")
        assert caught.value.retry_after_s == 2
        return await ask(teacher, "x")

    spec = write({"error": name, "retry_after_s": 2, "times": 1}, {"reply": "fine"})
    assert with_teacher(spec, use).text == "fine"


def test_a_question_no_rule_matches_is_invalid(write: Callable[..., str]) -> None:
    with pytest.raises(InvalidRequest, match="no rule matches 'x'"):
        with_teacher(write({"match": "y", "reply": "z"}), lambda teacher: ask(teacher, "x"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "rules.jsonl:2: Invalid JSON"),
        ('{"reply": "a", "colour": "red"}', "rules.jsonl:2: field 'colour'"),
        ('{"reply": "a", "error": "auth"}', "either 'reply' or 'error'"),
        ('{"reply": "a", "tokens": [{"text": "b", "top": {"b": 0}}]}', "'tokens' must join to 'reply'"),
        ('{"reply": "a", "tokens": [{"text": "a", "top": {"b": 0}}]}', "must hold the token 'a'"),
        ('{"error": "weird"}', "rules.jsonl:2: field 'error'"),
    ],
)
def test_a_bad_line_is_named(write: Callable[..., str], line: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        describe(write({"match": "q", "reply": "fine"}, line))
    assert says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        describe(f"scripted:{tmp_path / 'none.jsonl'}")
