"""The table of capabilities: its rows are sound, and say of well-known models what their documentation says."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prompts.errors import InputError
from teachers.base import Capabilities
from teachers.capabilities import CapabilityRow, capabilities_of, table
from teachers.catalog import providers
from teachers.spec import Options, Spec

OPENAI = "https://platform.openai.com/docs/guides/reasoning"
CLAUDE = "https://platform.claude.com/docs/en/api/versioning"
CONVERSE = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
IMPORTED = "https://docs.aws.amazon.com/bedrock/latest/userguide/custom-model-import-advanced-features.html"

KNOWN_MODELS: list[tuple[str, dict[str, Any], str]] = [
    (
        "openai:gpt-4.1",
        {"top_logprobs": 20, "temperature": True, "seed": True, "schema": True, "caching": True},
        OPENAI,
    ),
    ("openai:gpt-4.1-mini", {"top_logprobs": 20, "temperature": True, "batch": True}, OPENAI),
    ("openai:gpt-4o-2024-08-06", {"top_logprobs": 20, "temperature": True}, OPENAI),
    ("openai:o3", {"top_logprobs": 0, "temperature": False, "top_p": False}, OPENAI),
    ("openai:o4-mini-2025-04-16", {"top_logprobs": 0, "temperature": False}, OPENAI),
    ("openai:gpt-5", {"top_logprobs": 0, "temperature": False}, OPENAI),
    ("openai:gpt-5-mini", {"top_logprobs": 0, "temperature": False}, OPENAI),
    ("openai:gpt-5-chat-latest", {"top_logprobs": 20, "temperature": True}, OPENAI),
    ("openai:gpt-5.1", {"top_logprobs": 20, "temperature": True, "top_p": True}, OPENAI),
    ("openai:gpt-5.1-codex", {"top_logprobs": 0, "temperature": False}, OPENAI),
    ("openai:o3@https://api.openai.com/v1", {"top_logprobs": 0, "temperature": False}, OPENAI),
    (
        "openai:o3@http://localhost:8000/v1",
        {"top_logprobs": 20, "temperature": True, "batch": False},
        "a name of one's own",
    ),
    ("anthropic:claude-sonnet-4-5", {"top_logprobs": 0, "temperature": False, "seed": False, "batch": True}, CLAUDE),
    ("anthropic:claude-haiku-4-5", {"top_logprobs": 0, "top_p": False, "schema": True, "caching": True}, CLAUDE),
    ("anthropic:claude-opus-4-6", {"top_logprobs": 0, "temperature": False, "system": True}, CLAUDE),
    (
        "bedrock:us.amazon.nova-pro-v1:0",
        {"top_logprobs": 0, "temperature": True, "seed": False, "system": True},
        CONVERSE,
    ),
    ("bedrock:us.anthropic.claude-opus-4-7", {"top_logprobs": 0, "temperature": False, "caching": True}, CONVERSE),
    ("bedrock:arn:aws:bedrock:us-east-1:1:imported-model/a", {"top_logprobs": 20, "api": "invoke"}, IMPORTED),
    ("bedrock:meta.llama3-1-8b-instruct-v1:0", {"top_logprobs": 0, "temperature": True, "system": True}, CONVERSE),
    ("bedrock:mistral.mistral-large-2402-v1:0", {"top_logprobs": 0, "temperature": True, "seed": False}, CONVERSE),
]

MODELS = {
    "openai": """
        gpt-4.1 o3 o4-mini gpt-5 gpt-5-mini gpt-5-pro gpt-5-chat-latest gpt-5.1 gpt-5.1-codex gpt-5.1-codex-max gpt-5.2
        gpt-5.2-pro gpt-5.4 gpt-5.4-mini gpt-5.5 gpt-5.6-sol gpt-6-astra gpt-6-luna gpt-6.2-sol Qwen/Qwen3-8B""",
    "anthropic": """
        claude-3-haiku-20240307 claude-haiku-4-5 claude-sonnet-4-5 claude-opus-4-5 claude-opus-4-6 claude-opus-4-8
        claude-opus-5 claude-sonnet-5 claude-sonnet-5-5 claude-haiku-5-5 claude-opus-5-5 claude-fable-5""",
    "bedrock": """
        us.amazon.nova-pro-v1:0 anthropic.claude-sonnet-4-5-20250929-v1:0 us.anthropic.claude-opus-4-8
        us.anthropic.claude-opus-5 meta.llama3-1-8b-instruct-v1:0 mistral.mistral-large-2402-v1:0 openai.gpt-oss-20b-1:0
        arn:aws:bedrock:us-east-1:111122223333:imported-model/abcdef123456""",
    "gguf": "smollm2-135m",
    "huggingface": "owner/name",
    "onnx": "runs/quickstart/exports/onnx",
    "scripted": "rules.jsonl",
    "replay": "replies.jsonl",
}
"""Names as their providers write them; of any other provider its example must match each row."""


def all_rows() -> list[CapabilityRow]:
    return [row for provider in providers() for row in table(provider.name)]


@pytest.mark.parametrize(("name", "expected", "source"), KNOWN_MODELS, ids=[name for name, _, _ in KNOWN_MODELS])
def test_a_well_known_model_can_do_what_its_documentation_says(
    name: str, expected: dict[str, Any], source: str
) -> None:
    can = capabilities_of(Spec.parse(name))
    assert {field: getattr(can, field) for field in expected} == expected, source


def test_every_row_is_about_a_provider_says_something_and_says_where_it_is_written() -> None:
    for row in all_rows():
        assert row.values, row
        assert re.match(r"https://\S+$|by construction|(xllamacpp|botocore) \d", row.source), row
        assert row.read_on <= date.today(), row


def test_every_row_matches_a_model_that_there_is() -> None:
    for provider in providers():
        for row in table(provider.name):
            names = MODELS.get(provider.name, Spec.parse(provider.example).model).split()
            assert [name for name in names for like in row.models if fnmatchcase(name, like)], row


def test_every_provider_has_a_row_and_an_example_it_matches() -> None:
    for provider in providers():
        example = Spec.parse(provider.example)
        rows = table(provider.name)
        assert any(fnmatchcase(example.model, like) for row in rows for like in row.models), provider.name
        assert capabilities_of(example).source, provider.name


@pytest.mark.parametrize(
    "change",
    [
        {"values": {}},
        {"values": {"logprobs": 20}, "checked": True},
        {"source": ""},
        {"read_on": "yesterday"},
        {"read_on": None},
        {"models": []},
        {"at": "home"},
        {"note": "x"},
    ],
)
def test_a_row_is_closed(change: dict[str, Any]) -> None:
    row = {"values": {"seed": True}, "source": "https://x", "read_on": "2026-11-24"}
    with pytest.raises(ValidationError):
        CapabilityRow.model_validate({**row, **change})
    assert CapabilityRow.model_validate(row).read_on == date(2026, 11, 24)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "top_logprobs": st.integers(0, 1000),
    "min_max_tokens": st.integers(0, 1000),
    **dict.fromkeys(("temperature", "top_p", "seed", "schema", "system", "score", "batch", "caching"), st.booleans()),
    "efforts": st.lists(st.sampled_from(["none", "low", "high"])),
    "api": st.sampled_from(["chat", "responses"]),
}


@given(st.data(), st.sampled_from([name for name, _, _ in KNOWN_MODELS]))
def test_an_override_changes_just_its_field(data: st.DataObject, name: str) -> None:
    field = data.draw(st.sampled_from(sorted(VALUES)))
    value = data.draw(VALUES[field])
    spec = Spec.parse(name)
    plain = capabilities_of(spec)
    changed = capabilities_of(replace(spec, options=Options(capabilities=((field, value),))))
    said: dict[str, Any] = {field: tuple(value) if isinstance(value, list) else value}
    assert changed == replace(plain, **said, source="the recipe", read_on="")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("logprobs", 5, "is no capability. Known: top_logprobs, temperature"),
        ("source", "me", "is no capability"),
        ("read_on", "today", "is no capability"),
        ("top_logprobs", "5", "valid integer. Got '5'"),
        ("top_logprobs", True, "valid integer. Got True"),
        ("top_logprobs", -1, "must not be negative. Got -1"),
        ("seed", 1, "valid boolean. Got 1"),
        ("efforts", "low", "Got 'low'"),
        ("efforts", [1], "Got [1]"),
        ("api", None, "valid string. Got None"),
    ],
)
def test_an_override_that_is_none_says_what_would_be_right(name: str, value: Any, says: str) -> None:
    spec = Spec("openai", "gpt-4.1", options=Options(capabilities=((name, value),)))
    with pytest.raises(InputError) as caught:
        capabilities_of(spec)
    assert caught.value.field == f"capabilities.{name}"
    assert caught.value.exit_code == 2
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("model", "version", "taken"),
    [
        ("claude-sonnet-4-5", None, False),
        ("claude-sonnet-4-5", "2026-10-21", False),
        ("claude-sonnet-4-5", "2023-06-01", True),
        ("claude-opus-4-8", "2023-06-01", False),
    ],
)
def test_claude_takes_a_temperature_only_under_the_old_version_of_its_api(
    model: str, version: str | None, taken: bool
) -> None:
    can = capabilities_of(Spec("anthropic", model, options=Options(api_version=version)))
    assert (can.temperature, can.top_p) == (taken, taken), (
        "https://platform.claude.com/docs/en/api/migration-2026-10-21"
    )


def test_the_api_that_the_recipe_names_stands() -> None:
    assert capabilities_of(Spec("openai", "gpt-4.1")).api == "chat"
    assert capabilities_of(Spec("openai", "gpt-4.1", options=Options(api="responses"))).api == "responses"


def test_the_table_covers_every_field_that_can_be_overridden() -> None:
    told = {name for row in all_rows() for name in row.values}
    assert told <= {item.name for item in fields(Capabilities)} - {"source", "read_on"}
