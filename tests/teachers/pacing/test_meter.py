"""Latency, and cost from a price that is known."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from teachers.base import Identity, Request, Usage
from teachers.catalog import open_teacher
from teachers.pacing.meter import Metered, Price, batch_cost_usd, cost_usd
from tests.teachers.contract import conversation

USAGE = Usage(input_tokens=1_000_000, cached_tokens=0, output_tokens=1_000_000)


@pytest.mark.parametrize(
    ("identity", "dollars"),
    [
        (Identity("openai", "gpt-4.1"), 10.0),  # $2 in, $8 out: https://platform.openai.com/docs/pricing
        (Identity("openai", "no-such-model"), None),
        (Identity("openai", "gpt-4.1", "http://127.0.0.1:8000/v1"), None),
        (Identity("gguf", "smollm2-135m"), None),
        (Identity("scripted", "gpt-4.1"), None),
    ],
)
def test_a_price_is_looked_up_and_never_guessed(identity: Identity, dollars: float | None) -> None:
    assert cost_usd(identity, USAGE) == dollars


def test_cached_input_has_its_own_price() -> None:
    usage = Usage(input_tokens=1_000_000, cached_tokens=500_000, output_tokens=0)
    listed = Identity("openai", "gpt-4.1")
    assert cost_usd(listed, usage) == 1.25
    assert cost_usd(listed, usage, Price(input=4, output=1, cached=2)) == 3.0
    assert cost_usd(listed, usage, Price(input=4, output=1)) == 4.0


def test_uncounted_tokens_have_no_cost() -> None:
    assert cost_usd(Identity("openai", "gpt-4.1"), Usage(input_tokens=5)) is None
    assert cost_usd(Identity("openai", "gpt-4.1"), Usage(), Price(1, 1)) is None


def test_a_reply_gets_its_latency_and_cost(tmp_path: Path) -> None:
    path = tmp_path / "rules.jsonl"
    path.write_text(json.dumps({"reply": "x", "latency_s": 0.05}))
    teacher = Metered(open_teacher(f"scripted:{path}"), Price(input=1e6, output=0))
    reply = asyncio.run(teacher.complete(Request(teacher.identity, conversation("three short words"))))
    assert reply.latency_s is not None
    assert 0.05 <= reply.latency_s < 5
    assert reply.cost_usd == 3.0


@pytest.mark.parametrize(
    ("model", "provider"), [("gpt-4.1", "openai"), ("claude-sonnet-5-5", "anthropic"), ("amazon.nova-pro-v1:0", "aws")]
)
def test_a_batch_is_half_the_list_price(model: str, provider: str) -> None:
    """By genai-prices where it knows batches, which for Nova it does not."""
    who, usage = Identity(provider, model), Usage(input_tokens=1000, output_tokens=1000)
    whole = cost_usd(who, usage)
    assert whole is not None
    assert batch_cost_usd(who, usage, 0.5) == pytest.approx(whole / 2)


def test_a_recipes_price_is_for_requests_outside_batches() -> None:
    price, usage = Price(input=1.0, output=10.0), Usage(input_tokens=1_000_000, output_tokens=100_000)
    assert batch_cost_usd(Identity("openai", "gpt-4.1"), usage, 0.5, price) == 1.0
    assert batch_cost_usd(Identity("openai", "gpt-4.1"), usage, 1.0, price) == 2.0
    assert batch_cost_usd(Identity("openai", "no-such-model"), usage, 0.5) is None
