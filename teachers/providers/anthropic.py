"""Claude, and every server that speaks Messages."""

from __future__ import annotations

from teachers.provider import Batch, PartLimits, Provider

PROVIDER = Provider(
    name="anthropic",
    place=20,
    adapter="teachers.anthropic.teacher:AnthropicTeacher",
    example="anthropic:claude-sonnet-5-5",
    extra="anthropic",
    imports=("anthropic", "aiohttp"),
    keys=("ANTHROPIC_API_KEY",),
    takes_base_url=True,
    own_hosts=("api.anthropic.com",),
    batch=Batch(
        "teachers.batch.anthropic:AnthropicBatches",
        # 100,000 requests or 256 MB, the body's brackets included:
        # https://platform.claude.com/docs/en/build-with-claude/batch-processing
        PartLimits(max_requests=100_000, max_bytes=255_000_000),
    ),
)
