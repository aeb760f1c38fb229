"""Every batch lane by provider. Importing this loads no SDK."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from prompts.errors import InputError, MissingExtra
from teachers.batch.base import BatchLane
from teachers.catalog import PROVIDERS
from teachers.spec import Spec

LANES = {
    "openai": ("teachers.batch.openai", "OpenAIBatches"),
    "anthropic": ("teachers.batch.anthropic", "AnthropicBatches"),
    "bedrock": ("teachers.batch.bedrock", "BedrockBatches"),
}
"""The module and class of each provider's lane."""


def open_lane(spec: Spec, *, timeout_s: float = 600.0) -> BatchLane:
    """Opens a teacher's batch lane; each of its calls has `timeout_s` for every step on the wire.

    Raises InputError where the provider has none or the spec lacks what it needs, MissingExtra where its SDK is not
    installed, AuthError where its key is not in the environment. Opens no connection.
    """
    if spec.provider not in LANES:
        raise InputError(f"'{spec.provider}' has no batch lane", field="generate.lane", remedy="Set it to online")
    if not PROVIDERS[spec.provider].installed:
        raise MissingExtra(f"the teacher '{spec}'", PROVIDERS[spec.provider].extra or "all")
    module, name = LANES[spec.provider]
    build = cast(Callable[..., BatchLane], getattr(import_module(module), name))
    return build(spec, timeout_s=timeout_s)
