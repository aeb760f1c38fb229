"""What a provider declares, and how it is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prompts.errors import InputError
from teachers.provider import FOLDER, Provider, find_provider, load, part_limits, providers
from teachers.spec import BatchOptions, Options, Spec

ROOT = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize("provider", providers(), ids=lambda provider: provider.name)


def test_they_are_the_files_of_the_folder_in_the_order_they_ask_for() -> None:
    names = [provider.name for provider in providers()]
    assert names[:8] == ["openai", "anthropic", "bedrock", "gguf", "huggingface", "onnx", "scripted", "replay"]
    assert set(names) == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}


@EVERY
def test_it_is_found_by_its_name_and_has_a_table(provider: Provider) -> None:
    assert find_provider(provider.name) is provider
    assert Spec.parse(provider.example).provider == provider.name
    assert provider.table.is_file()


@EVERY
def test_what_it_names_is_there(provider: Provider) -> None:
    assert callable(load(provider.adapter).identify)
    if provider.batch is not None:
        assert callable(load(provider.batch.lane))
    if provider.weights is not None:
        assert callable(load(provider.weights))


@pytest.mark.parametrize("name", ["opanai", "", "__init__", "openai.teacher", "../openai", "Openai"])
def test_any_other_name_is_told_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=r"Use one of openai, anthropic, bedrock, gguf, huggingface, onnx, scripted"):
        find_provider(name)


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        ("openai:m", ("OPENAI_API_KEY",)),
        ("openai:m@https://acme.openai.azure.com/openai/v1", ("AZURE_OPENAI_API_KEY",)),
        ("openai:m@https://bedrock-mantle.us-east-1.api.aws/v1", ("AWS_BEARER_TOKEN_BEDROCK",)),
        ("anthropic:m", ("ANTHROPIC_API_KEY",)),
        ("gguf:m", ()),
    ],
)
def test_an_endpoint_takes_the_key_of_its_owner(spec: str, keys: tuple[str, ...]) -> None:
    parsed = Spec.parse(spec)
    provider = find_provider(parsed.provider)
    assert provider.keys_for(parsed) == keys
    assert set(keys) <= set(provider.keys)


@pytest.mark.parametrize(
    ("name", "host", "own"),
    [
        ("openai", "eu.api.openai.com", True),
        ("openai", "api.openai.com.example.net", False),
        ("bedrock", "bedrock-runtime.us-east-1.amazonaws.com", True),
        ("bedrock", "localhost", False),
        ("gguf", "localhost", False),
    ],
)
def test_its_own_hosts_are_told_from_others(name: str, host: str, own: bool) -> None:
    assert find_provider(name).is_own(host) is own


def test_a_parts_limits_are_the_accounts_where_the_recipe_says_so() -> None:
    limits = part_limits(Spec("bedrock", "m", options=Options(batch=BatchOptions(max_requests=70))))
    assert limits is not None
    assert (limits.min_requests, limits.max_requests) == (70, 70)
    assert part_limits(Spec("gguf", "m")) is None


def test_weights_are_found_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"")
    assert find_provider("gguf").weights_at(str(tmp_path / "m.gguf")) == tmp_path / "m.gguf"
    assert find_provider("huggingface").weights_at(str(tmp_path)) == tmp_path
    assert find_provider("huggingface").weights_at("owner/name") is None
    assert find_provider("openai").weights_at("gpt-4.1") is None


def test_listing_them_loads_no_sdk_and_no_adapter() -> None:
    code = """
import sys
from teachers.provider import providers
providers()
heavy = {"openai", "anthropic", "boto3", "aiohttp", "xllamacpp", "torch", "teachers.openai.teacher", "teachers.batch"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
