"""Batch lanes by spec: what has none is told, and a missing key before anything is sent."""

from __future__ import annotations

import pytest

from prompts.errors import InputError
from teachers.batch.catalog import open_lane
from teachers.catalog import providers
from teachers.errors import AuthError
from teachers.spec import Spec


@pytest.mark.parametrize("name", [each.name for each in providers() if each.batch is None])
def test_a_provider_without_a_lane_is_told(name: str) -> None:
    with pytest.raises(InputError, match=f"generate.lane.*'{name}' has no batch lane.*online"):
        open_lane(Spec(name, "m"))


@pytest.mark.parametrize("spec", ["openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"])
def test_a_missing_key_is_named_before_anything_is_sent(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthError, match="_API_KEY"):
        open_lane(Spec.parse(spec))
