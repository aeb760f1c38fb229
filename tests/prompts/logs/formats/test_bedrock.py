"""Bedrock's invocation logs: the envelope around a call's two bodies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from prompts.logs.logged import Counted, Logged, Sampled
from tests.prompts.log_records import (
    ANTHROPIC,
    anthropic_events,
    anthropic_input,
    converse,
    invocation,
)
from tests.prompts.logs.make import BRIEF, call_of


def test_converse_is_read_whole(tmp_path: Path) -> None:
    assert call_of(tmp_path, converse("Why?", "So.", system="Be brief.")) == Logged(
        messages=BRIEF,
        reply="So.",
        finish_reason="end_turn",
        provider="bedrock",
        model="amazon.nova-lite-v1:0",
        usage=Counted(input_tokens=124, cached_tokens=100, output_tokens=38, cache_write_tokens=20),
        sampling=Sampled(0.7, 0.9, 512),
        created_at=datetime(2026, 11, 20, 7, 2, 3, tzinfo=UTC),
        request_id="ff4b6c63-5561-4431-93b8-06a817275900",
        where=f"{tmp_path / 'log.jsonl'}:1",
    )


def test_a_body_may_be_a_string_and_an_arn_loses_its_account(tmp_path: Path) -> None:
    sent, said = json.dumps(anthropic_input("Why?")), json.dumps(anthropic_events("So."))
    call = call_of(tmp_path, invocation("InvokeModelWithResponseStream", sent, said, ANTHROPIC))
    assert (call.messages, call.reply, call.model) == (BRIEF, "So.", "us.anthropic.claude-sonnet-4-5-v1:0")
    profile = f"{ANTHROPIC.rsplit(':', 3)[0]}:111122223333:application-inference-profile/abc"
    call = call_of(tmp_path, invocation("InvokeModelWithResponseStream", sent, said, profile))
    assert call.model == "claude-sonnet-4-5"
