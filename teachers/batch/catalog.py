"""A teacher's batch lane by its spec. Importing this loads no SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from prompts.errors import InputError
from teachers.batch.base import BatchLane
from teachers.provider import find_provider, load
from teachers.spec import Spec


def open_lane(spec: Spec, *, timeout_s: float = 600.0) -> BatchLane:
    """Opens a teacher's batch lane; each of its calls has `timeout_s` for every step on the wire.

    Raises InputError where the provider has none or the spec lacks what it needs, MissingExtra where its SDK is not
    installed, AuthError where its key is not in the environment. Opens no connection.
    """
    provider = find_provider(spec.provider)
    if provider.batch is None:
        raise InputError(f"'{spec.provider}' has no batch lane", field="generate.lane", remedy="Set it to online")
    # Before the lane's module is imported, which imports the SDK when it is opened.
    provider.require_installed(spec)
    build = cast(Callable[..., BatchLane], load(provider.batch.lane))
    return build(spec, provider.batch.limits.under(spec.options.batch), timeout_s=timeout_s)
