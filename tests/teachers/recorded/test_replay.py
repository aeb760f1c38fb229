"""The replay teacher: its format, and the contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompts.errors import InputError
from teachers.base import Reply, Request, Teacher, Usage
from teachers.catalog import describe
from teachers.errors import InvalidRequest, Unsupported
from teachers.spec import Spec
from teachers.terms import rule_of
from tests.prompts.log_records import HOUR, completion, converse, response, write_jsonl
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
        ('{"messages": [], "reply": 3}', "replies.jsonl:1: field 'reply'"),
        ('{"messages": []}', "1 no_user_turn (first: "),
        ('{"messages": [], "reply": "\udc80"}', "replies.jsonl:1"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_bytes(line.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as caught:
        describe(f"replay:{path}")
    assert says in str(caught.value)


class TestBedrockLogs(TeacherContract):
    """A folder as S3 has it, gzip and all."""

    @pytest.fixture
    def spec(self, tmp_path: Path) -> str:
        records = [converse(question, f"answer to {question}") for question in self.questions]
        write_jsonl(tmp_path / HOUR / "a.json.gz", records, packed=True)
        return f"replay:{tmp_path}"


class TestStoredCompletions(TeacherContract):
    @pytest.fixture
    def spec(self, tmp_path: Path) -> str:
        records = [completion(question, f"answer to {question}") for question in self.questions]
        return f"replay:{write_jsonl(tmp_path / 'stored.jsonl', records)}"


def replayed(path: Path, question: str, **sampling: object) -> Reply:
    return with_teacher(f"replay:{path}", lambda teacher: ask(teacher, question, **sampling))


def test_a_reply_brings_what_its_provider_counted(tmp_path: Path) -> None:
    cut = converse("long?", "So", stop="max_tokens")
    path = write_jsonl(tmp_path / "log.jsonl", [completion("short?", "So."), cut])
    assert replayed(path, "short?") == Reply(
        "So.", finish_reason="stop", usage=Usage(13, None, 18), request_id="chatcmpl-1"
    )
    reply = replayed(path, "long?")
    assert (reply.outcome, reply.finish_reason, reply.cost_usd) == ("truncated", "max_tokens", None)
    assert reply.usage == Usage(124, 100, 38, None, 20)


def test_the_terms_are_those_of_whoever_replied(tmp_path: Path) -> None:
    records = [completion("a", "b"), completion("c", "d"), response("e", "f"), converse("g", "h")]
    terms = describe(f"replay:{write_jsonl(tmp_path / 'log.jsonl', records)}").identity.terms
    rule = rule_of(Spec("openai", "gpt-5.4"))
    assert rule is not None
    assert terms is not None
    assert f"recorded from openai:gpt-4.1-2025-04-14, openai:gpt-5.4: {rule.sentence}" in terms
    assert "recorded from bedrock:amazon.nova-lite-v1:0: " in terms


def test_our_own_lines_have_no_terms(spec: str) -> None:
    assert describe(spec).identity.terms is None


def test_a_question_that_could_not_be_used_says_why(tmp_path: Path) -> None:
    records = [completion("known", "yes"), converse("unknown", "")]
    path = write_jsonl(tmp_path / "log.jsonl", records)
    with pytest.raises(InvalidRequest, match=r"1 records could not be used: 1 no_reply \(first: .*log.jsonl:2\)"):
        replayed(path, "unknown")


def test_what_a_recording_cannot_honour_names_what_to_set(spec: str) -> None:
    with pytest.raises(Unsupported, match="it takes no seed: leave seed unset"):
        with_teacher(spec, lambda teacher: ask(teacher, "twice", seed=1))


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", [completion("a", "first")])
    before = describe(f"replay:{path}").identity
    assert replayed(path, "a").text == "first"
    write_jsonl(path, [completion("a", "second")])
    assert replayed(path, "a").text == "second"
    assert describe(f"replay:{path}").identity != before


def test_a_log_of_questions_alone_is_no_teacher(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "log.jsonl", [{"messages": [{"role": "user", "content": "Why?"}]}])
    with pytest.raises(InputError, match=r"1 no_reply \(first: .*log.jsonl:1\). Give a log that has the replies too"):
        describe(f"replay:{path}")
