"""Every teacher by name: a spec string in, a Teacher out. Importing this loads no SDK and no torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from prompts.errors import InputError
from teachers.base import Capabilities, Identity, Teacher
from teachers.capabilities import capabilities_of
from teachers.provider import Provider, find_provider, providers
from teachers.spec import Spec

__all__ = ["Description", "describe", "open_teacher", "providers"]


@dataclass(slots=True, frozen=True)
class Description:
    """A teacher before it is opened."""

    spec: Spec
    provider: Provider
    identity: Identity
    capabilities: Capabilities

    @property
    def needs_key(self) -> bool:
        """True where opening it takes a key: a server on this machine does not."""
        return bool(self.keys) and not self.spec.is_loopback

    @property
    def keys(self) -> tuple[str, ...]:
        """The environment variables that can hold the key of this very endpoint."""
        return self.provider.keys_for(self.spec)

    @property
    def key_present(self) -> bool:
        """True where one of them is set."""
        return any(os.environ.get(key) for key in self.keys)


def describe(spec: str | Spec) -> Description:
    """Says who would answer and what it can do, without opening it; InputError for a bad spec or file."""
    parsed, provider = _resolve(spec)
    identity = provider.load_adapter().identify(parsed)
    return Description(parsed, provider, identity, capabilities_of(parsed))


def open_teacher(spec: str | Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> Teacher:
    """Opens a teacher that answers `concurrency` requests at once, each within `timeout_s`.

    Raises InputError for an unknown provider or model file, MissingExtra where its SDK is not
    installed, AuthError where its key is not in the environment. Opens no connection.
    """
    parsed, provider = _resolve(spec)
    provider.require_installed(parsed)
    # Every adapter's constructor has this shape; the contract suite opens each through here.
    build = cast(Callable[..., Teacher], provider.load_adapter())
    return build(parsed, concurrency=concurrency, timeout_s=timeout_s)


def _resolve(spec: str | Spec) -> tuple[Spec, Provider]:
    parsed = Spec.parse(spec) if isinstance(spec, str) else spec
    provider = find_provider(parsed.provider)
    if parsed.base_url and not provider.takes_base_url:
        raise InputError(f"'{parsed.provider}' takes no base URL", remedy=f"Write {parsed.provider}:{parsed.model}")
    return parsed, provider
