"""llama.cpp in this process, against the embedded model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompts.errors import InputError
from teachers.base import Identity, Reply, Request, Sampling, Teacher
from teachers.catalog import describe, open_teacher
from teachers.errors import InvalidRequest
from teachers.local.gguf import find_model, to_wire
from tests.teachers.contract import SCHEMA, TeacherContract, ask, conversation, plain_sampling, with_teacher

SPEC = "gguf:smollm2-135m"


class TestContract(TeacherContract):
    @pytest.fixture
    def spec(self) -> str:
        return SPEC


def answer_in_schema(schema: str, question: str) -> Reply:
    async def use(teacher: Teacher) -> Reply:
        how = plain_sampling(teacher, max_tokens=40, top_logprobs=2)
        return await teacher.complete(Request(teacher.identity, conversation(question), how, schema))

    return with_teacher(SPEC, use)


def test_a_schema_binds_the_reply_and_keeps_its_logprobs() -> None:
    reply = answer_in_schema(SCHEMA, "Is this spam?")
    assert json.loads(reply.text)["label"] in ("spam", "ham")
    assert (reply.outcome, reply.warnings) == ("ok", ())
    assert b"".join(token.bytes for token in reply.tokens) == reply.text.encode()


def test_what_is_no_schema_is_invalid() -> None:
    with pytest.raises(InvalidRequest, match="nonsense"):
        answer_in_schema('{"type": "nonsense"}', "x")


def test_a_schema_llama_cpp_cannot_compile_is_told_on() -> None:
    reply = answer_in_schema('{"type": "array", "uniqueItems": true}', "Reply with one word.")
    assert reply.outcome != "ok" or "does not satisfy the schema" in reply.warnings[0]


def test_ids_and_bytes_come_with_each_token() -> None:
    reply = with_teacher(SPEC, lambda teacher: ask(teacher, "Repeat this word: apple", top_logprobs=20))
    assert all(token.id is not None and len(token.top) == 20 for token in reply.tokens)


def test_a_character_of_several_tokens_keeps_the_text_true() -> None:
    reply = with_teacher(SPEC, lambda teacher: ask(teacher, "Say 🦄🦄", top_logprobs=2, max_tokens=9))
    assert "🦄" in reply.text
    joined = [token for token in reply.tokens if token.bytes == "🦄".encode()]
    assert joined
    assert all(token.id is None and token.top == () for token in joined)


def test_a_prompt_beyond_the_context_is_invalid() -> None:
    with pytest.raises(InvalidRequest, match="exceeds the available context"):
        with_teacher(SPEC, lambda teacher: ask(teacher, "word " * 5000))


def test_says_nothing_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with_teacher(SPEC, lambda teacher: ask(teacher, "Hi", max_tokens=1))
    assert capfd.readouterr() == ("", "")


def test_samples_from_the_plain_distribution_unless_told_otherwise() -> None:
    body = to_wire(Request(Identity("gguf", "m"), conversation("x"), Sampling(top_p=0.5)))
    assert (body["top_k"], body["min_p"], body["top_p"]) == (0, 0.0, 0.5)


def test_the_version_is_the_digest_of_the_weights() -> None:
    version = describe(SPEC).identity.api_version
    assert version is not None
    assert version.startswith("sha256:")
    assert len(version) == 19


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.gguf: no such model file"):
        open_teacher(f"gguf:{tmp_path / 'none.gguf'}")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match=r"is not a \.gguf file"):
        open_teacher(f"gguf:{tmp_path / 'notes.txt'}")
    (tmp_path / "torn.gguf").write_bytes(find_model("smollm2-135m").read_bytes()[:5000])
    with pytest.raises(InputError, match=r"is not a model that llama\.cpp can load"):
        open_teacher(f"gguf:{tmp_path / 'torn.gguf'}")
