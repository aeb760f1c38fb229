"""The contract on servers that others wrote: llm-katan speaks four wires, llama.cpp's server two."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from teachers.base import Reply
from teachers.catalog import open_teacher
from teachers.errors import AuthError, RateLimited, TeacherError, Transient
from teachers.spec import Options, Spec
from tests.servers.katan import KEYS, Katan, serve
from tests.teachers.contract import TeacherContract, ask, with_teacher

PLAIN = Options(capabilities=(("seed", False), ("top_logprobs", 0)))
"""llm-katan ignores a seed and logprobs without a word: a recipe for it would say so."""


@pytest.fixture(scope="module")
def katan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Katan]:
    with serve(tmp_path_factory.mktemp("katan")) as server:
        yield server


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def on(katan: Katan, wire: str) -> Spec:
    """A teacher on one of its wires."""
    return {
        "openai": Spec("openai", "echo", f"{katan.root}/v1", PLAIN),
        "anthropic": Spec("anthropic", "echo", katan.root),
        "converse": Spec("bedrock", "amazon.nova-pro-v1:0", katan.root),
    }[wire]


class KatanContract(TeacherContract):
    wire: ClassVar[str]

    @pytest.fixture
    def spec(self, katan: Katan) -> Spec:
        return on(katan, self.wire)

    def said(self, reply: Reply) -> str:
        return reply.text.partition("\nUser: ")[2]

    def test_it_echoes_this_prompt_and_counts_it(self, spec: Spec) -> None:
        reply = with_teacher(spec, lambda teacher: ask(teacher, "one two three"))
        assert self.said(reply) == "one two three"
        assert reply.usage.input_tokens == 3  # it counts words
        assert reply.usage.output_tokens

    def test_a_wrong_key_is_told_apart_and_not_told_on(self, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in KEYS:
            if name != "AWS_REGION":
                monkeypatch.setenv(name, "wrong-key-canary")
        with pytest.raises(AuthError) as caught:
            with_teacher(spec, lambda teacher: ask(teacher, "x"))
        assert "wrong-key-canary" not in str(caught.value)  # it echoes the key


class TestKatanChat(KatanContract):
    wire = "openai"


class TestKatanAnthropic(KatanContract):
    wire = "anthropic"


class TestKatanConverse(KatanContract):
    wire = "converse"


class TestLlamaMessages(TeacherContract):
    """llama.cpp's own rendering of Anthropic's Messages. Its chat wire is in test_openai.py."""

    @pytest.fixture
    def spec(self, llama_url: str) -> Spec:
        return Spec("anthropic", "smollm2", llama_url.removesuffix("/v1"))


FAILURES = [
    (("--error-rate", "1"), Transient, 500),
    (("--rate-limit-after", "1"), RateLimited, 429),
    (("--timeout-after", "1"), Transient, 504),
]


@pytest.mark.parametrize(("options", "kind", "status"), FAILURES, ids=["500", "429", "504"])
def test_its_failures_are_ours_on_every_wire(
    tmp_path: Path, options: tuple[str, ...], kind: type[TeacherError], status: int
) -> None:
    with serve(tmp_path, *options) as katan:
        if status != 500:  # the first one is answered
            with_teacher(on(katan, "openai"), lambda teacher: ask(teacher, "x"))
        for wire in ("openai", "anthropic", "converse"):
            with pytest.raises(TeacherError) as caught:
                with_teacher(on(katan, wire), lambda teacher: ask(teacher, "x"))
            assert (type(caught.value), caught.value.status) == (kind, status), wire


def test_nothing_is_asked_of_it_until_a_teacher_is_used(katan: Katan) -> None:
    before = katan.log.read_text().count("POST")
    for wire in ("openai", "anthropic", "converse"):
        asyncio.run(open_teacher(on(katan, wire)).close())
    assert katan.log.read_text().count("POST") == before
