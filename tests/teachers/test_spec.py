"""The string that names a teacher: read, written and checked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from teachers.spec import Spec

WORDS = st.text(st.characters(categories=("L", "N"), include_characters="-._"), min_size=1)
MODELS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1).filter(lambda text: "@http" not in text)
URLS = st.sampled_from([None, "http://localhost:8000/v1", "https://[::1]/v1", "http://10.0.0.1"])


@given(WORDS, MODELS, URLS)
def test_a_spec_survives_its_string(provider: str, model: str, base_url: str | None) -> None:
    spec = Spec(provider, model, base_url)
    assert Spec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("openai:gpt-4.1", ("openai", "gpt-4.1", None)),
        ("openai:Qwen/Qwen3-8B@http://h:8000/v1/", ("openai", "Qwen/Qwen3-8B", "http://h:8000/v1")),
        ("bedrock:us.amazon.nova-pro-v1:0", ("bedrock", "us.amazon.nova-pro-v1:0", None)),
        ("vertex:gemini@001", ("vertex", "gemini@001", None)),
        ("gguf:C:\\models\\a.gguf", ("gguf", "C:\\models\\a.gguf", None)),
    ],
)
def test_a_spec_is_read(text: str, parts: tuple[str, str, str | None]) -> None:
    assert Spec.parse(text) == Spec(*parts)


@pytest.mark.parametrize(
    "text",
    ["", "gpt-4.1", "openai:", ":gpt", "openai:@http://x", "openai:m@http://", "openai:m@http://x:port", "openai:m@http://me:secret@x"],
)  # fmt: skip
def test_what_is_no_spec_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Spec.parse(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.0.0.2", True),
        ("http://[::1]:8000", True),
        ("http://192.168.0.2", False),
        ("http://localhost.example.com", False),
        (None, False),
    ],
)
def test_loopback_is_told_by_address(url: str | None, loopback: bool) -> None:
    assert Spec("openai", "m", url).is_loopback is loopback
