"""transformers in this process, against a small random student."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from prompts.errors import InputError
from teachers.base import Reply, Teacher
from teachers.catalog import describe, open_teacher
from teachers.errors import InvalidRequest
from tests.teachers.contract import TeacherContract, ask, with_teacher

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture
def spec(student: Path) -> str:
    return f"huggingface:{student}"


class TestContract(TeacherContract):
    @pytest.fixture
    def spec(self, spec: str) -> str:
        return spec


def test_the_whole_distribution_sums_to_one(spec: str) -> None:
    reply = with_teacher(spec, lambda teacher: ask(teacher, "Hi", top_logprobs=1000, max_tokens=2))
    first = reply.tokens[0]
    assert len(first.top) == 1000
    assert sum(math.exp(other.logprob) for other in first.top) < 1
    assert first.logprob == first.top[0].logprob  # greedy


def test_token_bytes_are_exact_where_decode_is_not(spec: str) -> None:
    # A random model writes fragments of characters; at temperature 2 all the more.
    async def use(teacher: Teacher) -> list[Reply]:
        return [
            await ask(teacher, "Hi", temperature=2.0, seed=seed, top_logprobs=3, max_tokens=30) for seed in range(4)
        ]

    for reply in with_teacher(spec, use):
        if reply.warnings:
            assert "�" in reply.text  # bytes that are no text: the logprobs are dropped, aloud
        else:
            assert b"".join(token.bytes for token in reply.tokens) == reply.text.encode()


def test_different_seeds_differ_and_the_limit_truncates(spec: str) -> None:
    async def use(teacher: Teacher) -> list[Reply]:
        return [await ask(teacher, "Hi", temperature=1.0, seed=seed, max_tokens=8) for seed in (1, 2)]

    first, second = with_teacher(spec, use)
    assert first.text != second.text
    assert (first.outcome, first.finish_reason, first.usage.output_tokens) == ("truncated", "length", 8)


def test_a_nucleus_of_almost_nothing_is_greedy(spec: str) -> None:
    async def use(teacher: Teacher) -> tuple[Reply, Reply]:
        narrow = await ask(teacher, "Hi", temperature=1.0, top_p=1e-6, seed=3)
        return narrow, await ask(teacher, "Hi")

    narrow, greedy = with_teacher(spec, use)
    assert narrow.text == greedy.text


def test_a_prompt_beyond_the_context_is_invalid(spec: str) -> None:
    with pytest.raises(InvalidRequest, match="do not fit the context"):
        with_teacher(spec, lambda teacher: ask(teacher, "word " * 3000))


def test_the_version_follows_the_files(spec: str, student: Path) -> None:
    before = describe(spec).identity.api_version
    template = student / "chat_template.jinja"
    text = template.read_text()
    template.write_text(text + " ")
    assert describe(spec).identity.api_version != before
    template.write_text(text)
    assert describe(spec).identity.api_version == before


def test_bad_directories_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model directory"):
        open_teacher(f"huggingface:{tmp_path / 'none'}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(InputError, match="holds no safetensors"):
        open_teacher(f"huggingface:{tmp_path}")
    (tmp_path / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(InputError, match="cannot be loaded"):
        open_teacher(f"huggingface:{tmp_path}")
