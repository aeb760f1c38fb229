"""A provider declares what others ask of it, in a file of its name in teachers/providers/."""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

from prompts.errors import InputError, MissingExtra
from teachers.base import Identity
from teachers.spec import BatchOptions, Spec

FOLDER = Path(__file__).parent / "providers"

LAST = 1_000
"""The place of a provider that names none: after those of ours, by name."""


class Adapter(Protocol):
    """A provider's teacher class, which can be described before it is opened."""

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Says who would answer; reads files where the identity is their digest, never the network."""


@dataclass(slots=True, frozen=True)
class PartLimits:
    """The most, and the least, that a provider takes as one part of a batch."""

    max_requests: int
    max_bytes: int
    min_requests: int = 1

    def under(self, quotas: BatchOptions) -> PartLimits:
        """Returns the limits where a recipe says what the account's quotas are."""
        most = quotas.max_requests or self.max_requests
        return PartLimits(most, self.max_bytes, min(quotas.min_requests or self.min_requests, most))


@dataclass(slots=True, frozen=True)
class Batch:
    """A provider's batch API."""

    lane: str
    """`module:Class` of its BatchLane."""
    limits: PartLimits


@dataclass(slots=True, frozen=True)
class Provider:
    """All that others must know of a provider. What it can honour is in the table beside: NAME.yaml."""

    name: str
    adapter: str
    """`module:Class` of its teacher, built with `(spec, *, concurrency, timeout_s)`."""
    example: str
    """A spec, for help and messages."""
    # Tens, so that one can be put between two.
    place: int = LAST
    """Where it stands in lists; equal places go by name."""
    extra: str | None = None
    """The extra that installs what the adapter imports."""
    imports: tuple[str, ...] = ()
    """The top-level packages of that extra which the adapter needs."""
    keys: tuple[str, ...] = ()
    """The environment variables that can hold a key."""
    key_of: Callable[[Spec], str] | None = None
    """The one of `keys` that an endpoint takes, where that depends on the endpoint; None: any of them."""
    chain: str | None = None
    """Where else its SDK finds credentials."""
    takes_base_url: bool = False
    own_hosts: tuple[str, ...] = ()
    """Patterns of hosts that are its own endpoint: a base URL at one of them is nowhere else."""
    batch: Batch | None = None
    """Its batch API; None where it has none, or none that is spoken here."""
    weights: str | None = None
    """`module:function` from a model to its file or folder on this machine, if it is there. None: its models run
    elsewhere, or in a form that cannot be trained or measured."""
    repeats: bool = False
    """True where its replies are those of other teachers: whose rules they stay under, its identity's terms say."""

    @property
    def installed(self) -> bool:
        """True where everything it imports can be found; nothing is imported to see it."""
        return all(find_spec(name) is not None for name in self.imports)

    @property
    def key_present(self) -> bool:
        """True where a key of its is in the environment; False where it has none."""
        return any(os.environ.get(key) for key in self.keys)

    @property
    def table(self) -> Path:
        """The file of what its models can honour."""
        return FOLDER / f"{self.name}.yaml"

    def keys_for(self, spec: Spec) -> tuple[str, ...]:
        """Returns the environment variables that can hold the key of this very endpoint."""
        if self.key_of is None:
            return self.keys
        return (self.key_of(spec),)

    def is_own(self, host: str) -> bool:
        """Tells its own endpoint from a server of the user's."""
        return any(fnmatchcase(host, pattern) for pattern in self.own_hosts)

    def require_installed(self, spec: Spec) -> None:
        """Raises MissingExtra, with the install command, where what the adapter imports is not there."""
        if not self.installed:
            raise MissingExtra(f"the teacher '{spec}'", self.extra or "all")

    def load_adapter(self) -> Adapter:
        """Imports the adapter's class. Its SDK is imported when a teacher is opened, not here."""
        return cast(Adapter, load(self.adapter))

    def weights_at(self, model: str) -> Path | None:
        """Returns where a model's weights are on this machine; None where they are not."""
        if self.weights is None:
            return None
        find = cast(Callable[[str], Path | None], load(self.weights))
        return find(model)


def find_provider(name: str) -> Provider:
    """Returns PROVIDER of teachers/providers/NAME.py; InputError, with all names, where there is none."""
    # A name comes from a recipe: `import_module` of it would run whatever module it spells.
    if name not in _names():
        known = ", ".join(provider.name for provider in providers())
        raise InputError(f"unknown provider '{name}'", remedy=f"Use one of {known}")
    return _load_provider(name)


def providers() -> tuple[Provider, ...]:
    """Returns every provider, in the order of lists."""
    # Few and light: each is a record and a docstring, and no adapter is imported.
    every = [_load_provider(name) for name in _names()]
    return tuple(sorted(every, key=lambda provider: (provider.place, provider.name)))


def part_limits(spec: Spec) -> PartLimits | None:
    """Returns what a batch's part may hold, under what the recipe says of its quotas; None without a batch lane."""
    batch = find_provider(spec.provider).batch
    return None if batch is None else batch.limits.under(spec.options.batch)


def load(path: str) -> Any:
    """Imports what `module:name` names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


@cache
def _names() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules([str(FOLDER)]))


@cache
def _load_provider(name: str) -> Provider:
    provider: Provider = import_module(f"teachers.providers.{name}").PROVIDER
    return provider
