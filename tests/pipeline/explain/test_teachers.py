"""`stillhouse teachers`: the table, and one teacher's row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.explain.teacher_facts import Price, TeacherFacts, facts_of
from pipeline.explain.teachers import entry_of, list_providers, render_providers, render_teacher
from pipeline.inference.prices import LOCAL, UNKNOWN
from teachers.catalog import providers
from tests.pipeline.helpers import ROOT, stillhouse

CANARY = "sk-canary-000000"


def show(spec: str, *overrides: str) -> TeacherFacts:
    return facts_of(entry_of(spec, overrides))


def test_every_provider_has_a_row_and_a_note() -> None:
    text = render_providers(list_providers())
    for provider in providers():
        assert f"|{provider.name}" in text
        assert provider.example in text
    assert text.isascii()  # a pipe or a log takes it as it is
    assert max(map(len, (line for line in text.splitlines() if line.startswith("|")))) <= 120


def test_what_is_not_installed_names_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("teachers.provider.find_spec", lambda name: None)
    assert "pip install 'stillhouse[bedrock]'" in render_providers(list_providers())
    assert "pip install 'stillhouse[openai]'" in render_teacher(show("openai:gpt-4.1"))


def test_a_key_is_told_by_name_and_never_read_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in providers():
        for key in provider.keys:
            monkeypatch.setenv(key, CANARY)
    listed, shown = list_providers(), show("openai:gpt-4.1")
    for text in (
        json.dumps(listed.to_dict()),
        render_providers(listed),
        json.dumps(shown.to_dict()),
        render_teacher(shown),
    ):
        assert CANARY not in text
    assert listed.teachers[0].ready.keys["OPENAI_API_KEY"] is True
    assert "OPENAI_API_KEY is set" in render_teacher(shown)
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert "OPENAI_API_KEY is not set" in render_teacher(show("openai:gpt-4.1"))


def test_capabilities_are_the_models_with_their_source_and_date() -> None:
    plain, reasoning = show("openai:gpt-4.1"), show("openai:o3")
    assert plain.capabilities.top_logprobs == 20
    assert reasoning.capabilities.top_logprobs == 0
    assert "none" in render_teacher(reasoning)
    assert reasoning.capabilities.source.startswith("https://")
    assert reasoning.capabilities.read_on in render_teacher(reasoning)


def test_what_the_user_says_of_it_is_believed_and_told() -> None:
    shown = show("openai:m@http://localhost:1/v1", "capabilities.top_logprobs=3", "price={input: 1, output: 2}")
    assert shown.capabilities.top_logprobs == 3
    assert shown.capabilities.source == "the recipe"
    assert shown.price == Price(input=1.0, output=2.0, cached=1.0)
    assert shown.price_source == "the recipe"


def test_the_list_price_is_per_million_tokens() -> None:
    from genai_prices import Usage, calc_price

    shown = show("openai:gpt-4.1")
    listed = calc_price(Usage(input_tokens=1000, output_tokens=0), "gpt-4.1", provider_id="openai")
    assert shown.price is not None
    assert shown.price.input == pytest.approx(1000 * float(listed.total_price))
    assert shown.price_source == "genai-prices"
    assert "per million tokens" in render_teacher(shown)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("gguf:smollm2-135m", LOCAL),
        ("openai:m@http://localhost:1/v1", LOCAL),
        ("openai:no-such-model-0", UNKNOWN),
        ("openai:m@https://gateway.example.com/v1", UNKNOWN),
    ],
)
def test_no_price_has_its_reason(spec: str, why: str) -> None:
    shown = show(spec)
    assert (shown.price, shown.price_source) == (None, why)
    assert why in render_teacher(shown)


def test_terms_are_told_with_what_they_forbid() -> None:
    own, elsewhere = show("openai:gpt-4.1"), show("openai:m@http://localhost:1/v1")
    assert own.rule is not None
    assert own.rule.name == "openai"
    assert "not for purpose general" in render_teacher(own)
    assert elsewhere.rule is None
    assert "no rule is known" in render_teacher(elsewhere)


def test_a_server_on_this_machine_needs_no_key() -> None:
    assert not show("openai:m@http://localhost:1/v1").needs_key
    assert "none needed" in render_teacher(show("openai:m@http://localhost:1/v1"))


def test_the_command_shows_the_table_and_one_teacher(tmp_path: Path) -> None:
    listed = json.loads(stillhouse("teachers", "--json", cwd=tmp_path).stdout)["teachers"]
    assert [row["provider"] for row in listed] == [provider.name for provider in providers()]
    one = stillhouse("teachers", "openai:gpt-4.1", "--json", cwd=tmp_path)
    assert json.loads(one.stdout)["teacher"] == "openai:gpt-4.1"
    assert stillhouse("teachers", "gguf:no.gguf", cwd=tmp_path).returncode == 2


def test_showing_a_teacher_loads_no_sdk() -> None:
    code = """
import sys
from pipeline.explain.teacher_facts import facts_of
from pipeline.explain.teachers import entry_of, list_providers, render_providers, render_teacher
render_providers(list_providers())
for spec in ("openai:gpt-4.1", "gguf:smollm2-135m"):
    render_teacher(facts_of(entry_of(spec)))
heavy = {"openai", "anthropic", "boto3", "xllamacpp", "torch", "transformers", "pyarrow"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
