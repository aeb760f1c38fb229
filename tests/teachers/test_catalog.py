"""Specs turned into teachers, described or opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prompts.errors import InputError, MissingExtra
from teachers.capabilities import capabilities_of
from teachers.catalog import describe, open_teacher, providers
from teachers.provider import find_provider
from teachers.spec import Spec


def test_an_unknown_provider_is_told_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown provider 'opanai'.*openai, anthropic, bedrock, gguf"):
        open_teacher("opanai:gpt")


def test_a_base_url_where_there_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="takes no base URL"):
        describe("gguf:smollm2-135m@http://x")


def test_a_missing_sdk_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teachers.provider.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'stillhouse\[openai\]'"):
        open_teacher("openai:gpt-4.1")
    assert [provider.name for provider in providers() if provider.installed] == ["scripted", "replay"]


def test_a_key_is_seen_without_being_read_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert find_provider("openai").key_present
    assert "sk-secret" not in repr(describe("openai:gpt-4.1"))
    assert describe("openai:gpt-4.1").needs_key
    assert not describe("openai:m@http://localhost:1/v1").needs_key
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert not find_provider("openai").key_present


def test_every_provider_tells_where_its_capabilities_are_written() -> None:
    for provider in providers():
        can = capabilities_of(Spec.parse(provider.example))
        assert can.source
        assert can.read_on, provider.name


def test_describing_every_teacher_loads_no_sdk(tmp_path: Path) -> None:
    (tmp_path / "rules.jsonl").write_text('{"reply": "x"}')
    code = f"""
import sys
from teachers.capabilities import capabilities_of
from teachers.catalog import describe, providers
from teachers.spec import Spec
[(capabilities_of(Spec.parse(row.example)), row.installed, row.key_present) for row in providers()]
for spec in ("openai:gpt-4.1", "gguf:smollm2-135m", "huggingface:owner/name", "scripted:{tmp_path}/rules.jsonl"):
    describe(spec)
heavy = {{"openai", "httpx2", "xllamacpp", "torch", "transformers", "pyarrow", "huggingface_hub", "numpy"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
