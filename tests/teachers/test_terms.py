"""The table of terms: whose output falls under which rule, and whether each row says where it comes from."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from teachers.spec import Spec
from teachers.terms import PURPOSES, Match, Purpose, Rule, rule_of, rules, rules_in, terms_of

PREFIXES = ("", "us.", "eu.", "apac.", "jp.", "au.", "us-gov.", "global.")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("openai:gpt-4.1", "openai"),
        ("openai:ft:gpt-4.1:acme::abc", "openai"),
        ("openai:gpt-4.1@https://api.openai.com/v1", "openai"),
        ("openai:gpt-4.1@https://EU.api.openai.com/v1", "openai"),
        ("openai:openai/gpt-4o@https://openrouter.ai/api/v1", "openai"),
        ("openai:mine@https://acme.openai.azure.com/openai/v1", "azure-openai"),
        ("openai:mine@https://acme.services.ai.azure.com/openai/v1", "azure-openai"),
        ("anthropic:claude-sonnet-4-5", "anthropic"),
        ("anthropic:claude-sonnet-4-5@http://localhost:4000", "anthropic"),
        ("anthropic:anything@https://api.anthropic.com", "anthropic"),
        ("openai:anthropic/claude-sonnet-4.5@https://openrouter.ai/api/v1", "anthropic"),
        ("openai:openai/gpt-oss-20b@http://localhost:8000/v1", "gpt-oss"),
        ("openai:openai.gpt-oss-120b-1:0@https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1", "gpt-oss"),
        ("openai:openai.gpt-5.6@https://bedrock-mantle.us-east-1.api.aws/v1", "bedrock"),
        ("openai:mine@https://acme.openai.azure.us/openai/v1", "azure-openai"),
        ("openai:meta-llama/Llama-3.3-70B-Instruct@http://gpu:8000/v1", "llama"),
        ("openai:llama3.1:8b@http://localhost:11434/v1", "llama"),
        ("huggingface:NousResearch/Hermes-3-Llama-3.1-8B", "llama"),
        ("huggingface:meta-llama/Llama-4-Scout-17B-16E-Instruct", "llama"),
        ("huggingface:deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "llama"),
        ("huggingface:deepseek-ai/DeepSeek-R1", "deepseek"),
        ("huggingface:meta-llama/Meta-Llama-3-8B-Instruct", "llama-2-3"),
        ("huggingface:meta-llama/Llama-2-7b-chat-hf", "llama-2-3"),
        ("openai:llama3@http://localhost:11434/v1", "llama-2-3"),
        ("gguf:/models/Meta-Llama-3.1-8B-Instruct.Q4_K_M.gguf", "llama"),
        ("gguf:smollm2-135m", "smollm2"),
        ("huggingface:HuggingFaceTB/SmolLM2-135M-Instruct", "smollm2"),
        ("huggingface:Qwen/Qwen3-8B", "qwen3"),
        ("openai:qwen3:8b@http://localhost:11434/v1", "qwen3"),
        ("huggingface:google/gemma-3-4b-it", "gemma"),
        ("bedrock:arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2", "bedrock"),
        (
            "bedrock:arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "anthropic-on-bedrock",
        ),
    ],
)
def test_whose_rule_it_is(spec: str, name: str) -> None:
    rule = rule_of(Spec.parse(spec))
    assert rule is not None
    assert rule.name == name


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic-on-bedrock"),
        ("amazon.nova-pro-v1:0", "amazon"),
        ("amazon.titan-text-premier-v1:0", "amazon"),
        ("meta.llama3-8b-instruct-v1:0", "llama-2-3"),
        ("meta.llama3-1-8b-instruct-v1:0", "llama"),
        ("meta.llama3-3-70b-instruct-v1:0", "llama"),
        ("meta.llama4-maverick-17b-instruct-v1:0", "llama"),
        ("mistral.mistral-large-2402-v1:0", "mistral"),
        ("cohere.command-r-plus-v1:0", "cohere"),
        ("ai21.jamba-1-5-large-v1:0", "ai21"),
        ("deepseek.r1-v1:0", "deepseek"),
        ("deepseek.v3-v1:0", "deepseek"),
        ("openai.gpt-oss-20b-1:0", "gpt-oss"),
        ("qwen.qwen3-32b-v1:0", "qwen3"),
        ("google.gemma-3-12b-it", "gemma"),
        ("writer.palmyra-x5-v1:0", "bedrock"),
    ],
)
def test_bedrock_serves_models_under_their_owners_terms_from_every_region(prefix: str, model: str, name: str) -> None:
    rule = rule_of(Spec.parse(f"bedrock:{prefix}{model}"))
    assert rule is not None
    assert rule.name == name


@pytest.mark.parametrize(
    "spec",
    [
        "openai:my-model@http://localhost:8000/v1",
        "openai:gpt-4@http://localhost:8000/v1",  # a name that local servers give to their own models
        "openai:gpt-4@https://api.openai.com.evil.example/v1",
        "huggingface:runs/quickstart/student",
        "huggingface:TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        "gguf:/models/llama-3.1-project/mine.gguf",
        "openai:qwen3-max@https://dashscope.example/v1",
        "bedrock:arn:aws:bedrock:us-east-1:111122223333:imported-model/a1b2",
        "scripted:rules.jsonl",
    ],
)
def test_no_rule_is_made_up(spec: str) -> None:
    assert rule_of(Spec.parse(spec)) is None
    assert terms_of(Spec.parse(spec)) is None


def test_every_row_says_where_it_comes_from() -> None:
    names = [rule.name for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule.url.startswith("https://"), rule.name
        assert rule.text[0].isupper(), rule.name
        assert not rule.text.endswith("."), rule.name
        assert rule.read_on is None or rule.read_on <= date.today(), rule.name


def test_an_unread_rule_says_so_and_is_careful() -> None:
    unread = [rule for rule in rules() if rule.read_on is None]
    assert unread
    for rule in unread:
        assert "not read by us" in rule.sentence
        assert rule.forbids == ("general",), rule.name
        assert rule.read_at is None, rule.name


def test_a_sentence_carries_the_rule_its_page_and_its_edition() -> None:
    sentence = terms_of(Spec.parse("openai:gpt-4.1"))
    assert sentence is not None
    for part in ("compete with OpenAI", "https://openai.com/policies/services-agreement/", "2026-01-01"):
        assert part in sentence
    assert "not read" not in sentence


def test_recorded_sentences_find_their_rules_again() -> None:
    for rule in rules():
        assert rules_in(rule.sentence) == (rule,)
    assert set(rules_in(" ".join(rule.sentence for rule in rules()))) == set(rules())
    assert rules_in("something that was said once") == ()


def test_the_purposes_are_explained() -> None:
    assert tuple(PURPOSES) == get_args(Purpose)


def test_a_row_is_closed() -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({"name": "x", "applies": [{}], "text": "T", "url": "https://x", "forbid": []})
    with pytest.raises(ValidationError):
        Rule.model_validate({"name": "x", "applies": [{}], "text": "T", "url": "https://x", "forbids": ["fun"]})


@given(st.text(min_size=1), st.sampled_from(["openai", "bedrock", "huggingface", "gguf", "anthropic"]))
def test_any_model_name_has_at_most_one_rule_whatever_its_case(model: str, provider: str) -> None:
    spec = Spec(provider, model)
    matching = [rule for rule in rules() if any(match.includes(spec) for match in rule.applies)]
    assert rule_of(spec) == (matching[0] if matching else None)
    assert rule_of(Spec(provider, model.upper())) == rule_of(Spec(provider, model.upper().lower()))


def test_all_of_a_match_must_fit() -> None:
    match = Match(providers=("openai",), hosts=("*.example",), models=("a*",))
    assert match.includes(Spec("openai", "abc", "https://x.example/v1"))
    assert not match.includes(Spec("anthropic", "abc", "https://x.example/v1"))
    assert not match.includes(Spec("openai", "abc"))
    assert not match.includes(Spec("openai", "cba", "https://x.example/v1"))
