"""Every teacher by name: a spec string in, a Teacher out. Importing this loads no SDK and no torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from prompts.errors import InputError, MissingExtra
from teachers.base import Capabilities, Identity, Teacher
from teachers.capabilities import capabilities_of
from teachers.openai.endpoint import endpoint_of
from teachers.spec import Spec

__all__ = ["PROVIDERS", "Description", "Provider", "Spec", "describe", "open_teacher", "providers"]


class Adapter(Protocol):
    """What a provider's module offers: a class that can be described before it is opened."""

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Who would answer; reads files where the identity is their digest, never the network."""


@dataclass(slots=True, frozen=True)
class Provider:
    """One row of the catalog."""

    name: str
    module: str
    adapter: str
    example: str
    extra: str | None = None
    """The extra that installs what the adapter imports."""
    imports: tuple[str, ...] = ()
    """The top-level packages of that extra which the adapter needs."""
    keys: tuple[str, ...] = ()
    """The environment variables that can hold a key."""
    chain: str | None = None
    """Where else its SDK finds credentials."""
    takes_base_url: bool = False

    @property
    def installed(self) -> bool:
        """Whether everything it imports can be found; nothing is imported to see it."""
        return all(find_spec(name) is not None for name in self.imports)

    @property
    def key_present(self) -> bool:
        """Whether a key of its is in the environment; False where it has none."""
        return any(os.environ.get(key) for key in self.keys)

    @property
    def capabilities(self) -> Capabilities:
        """What its example can honour."""
        return capabilities_of(Spec.parse(self.example))

    def load(self) -> Adapter:
        """The adapter's class. Its SDK is imported when it is opened, not here."""
        return cast(Adapter, getattr(import_module(self.module), self.adapter))


PROVIDERS: dict[str, Provider] = {
    row.name: row
    for row in (
        Provider(
            name="openai",
            module="teachers.openai.teacher",
            adapter="OpenAITeacher",
            example="openai:gpt-4.1",
            extra="openai",
            imports=("openai", "aiohttp"),
            keys=("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"),
            takes_base_url=True,
        ),
        Provider(
            name="anthropic",
            module="teachers.anthropic.teacher",
            adapter="AnthropicTeacher",
            example="anthropic:claude-sonnet-5-5",
            extra="anthropic",
            imports=("anthropic", "aiohttp"),
            keys=("ANTHROPIC_API_KEY",),
            takes_base_url=True,
        ),
        Provider(
            name="bedrock",
            module="teachers.bedrock.teacher",
            adapter="BedrockTeacher",
            example="bedrock:us.amazon.nova-pro-v1:0",
            extra="bedrock",
            imports=("boto3",),
            keys=("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"),
            chain="AWS's own chain (~/.aws, SSO, instance and container roles)",
            takes_base_url=True,
        ),
        Provider(
            name="gguf",
            module="teachers.local.gguf",
            adapter="GgufTeacher",
            example="gguf:smollm2-135m",
            extra="gguf",
            imports=("xllamacpp",),
        ),
        Provider(
            name="huggingface",
            module="teachers.local.huggingface",
            adapter="HuggingFaceTeacher",
            example="huggingface:runs/quickstart/student",
            extra="train",
            imports=("torch", "transformers"),
        ),
        Provider(
            name="onnx",
            module="teachers.local.onnx",
            adapter="OnnxTeacher",
            example="onnx:runs/quickstart/exports/onnx",
            extra="export",
            imports=("onnxruntime_genai", "torch", "transformers"),
        ),
        Provider(
            name="scripted",
            module="teachers.recorded.scripted",
            adapter="ScriptedTeacher",
            example="scripted:rules.jsonl",
        ),
        Provider(
            name="replay",
            module="teachers.recorded.replay",
            adapter="ReplayTeacher",
            example="replay:replies.jsonl",
        ),
    )
}


@dataclass(slots=True, frozen=True)
class Description:
    """A teacher before it is opened."""

    spec: Spec
    provider: Provider
    identity: Identity
    capabilities: Capabilities

    @property
    def needs_key(self) -> bool:
        """Whether opening it takes a key: a server on this machine does not."""
        return bool(self.keys) and not self.spec.is_loopback

    @property
    def keys(self) -> tuple[str, ...]:
        """The environment variables that can hold the key of this very endpoint."""
        return (endpoint_of(self.spec).key,) if self.provider.name == "openai" else self.provider.keys

    @property
    def key_present(self) -> bool:
        """Whether one of them is set."""
        return any(os.environ.get(key) for key in self.keys)


def providers() -> tuple[Provider, ...]:
    """Every provider, in the catalog's order."""
    return tuple(PROVIDERS.values())


def describe(spec: str | Spec) -> Description:
    """Who would answer and what it can do, without opening it; InputError for a bad spec or file."""
    parsed = _parse(spec)
    provider = PROVIDERS[parsed.provider]
    adapter = provider.load()
    return Description(parsed, provider, adapter.identify(parsed), capabilities_of(parsed))


def open_teacher(spec: str | Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> Teacher:
    """Opens a teacher that answers `concurrency` requests at once, each within `timeout_s`.

    Raises InputError for an unknown provider or model file, MissingExtra where its SDK is not
    installed, AuthError where its key is not in the environment. Opens no connection.
    """
    parsed = _parse(spec)
    provider = PROVIDERS[parsed.provider]
    if not provider.installed:
        raise MissingExtra(f"the teacher '{parsed}'", provider.extra or "all")
    # Every adapter's constructor has this shape; the contract suite opens each through here.
    build = cast(Callable[..., Teacher], provider.load())
    return build(parsed, concurrency=concurrency, timeout_s=timeout_s)


def _parse(spec: str | Spec) -> Spec:
    parsed = Spec.parse(spec) if isinstance(spec, str) else spec
    provider = PROVIDERS.get(parsed.provider)
    if provider is None:
        raise InputError(f"unknown provider '{parsed.provider}'", remedy=f"Use one of {', '.join(PROVIDERS)}")
    if parsed.base_url and not provider.takes_base_url:
        raise InputError(f"'{parsed.provider}' takes no base URL", remedy=f"Write {parsed.provider}:{parsed.model}")
    return parsed
