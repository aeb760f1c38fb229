"""OpenAI, Azure, Bedrock's OpenAI endpoint, and every server that speaks Chat Completions or Responses."""

from __future__ import annotations

from teachers.openai.endpoint import endpoint_of
from teachers.provider import Batch, PartLimits, Provider
from teachers.spec import Spec


def key_of(spec: Spec) -> str:
    """Returns the variable of the endpoint's owner: the key of one goes to no other."""
    return endpoint_of(spec).key


PROVIDER = Provider(
    name="openai",
    place=10,
    adapter="teachers.openai.teacher:OpenAITeacher",
    example="openai:gpt-4.1",
    extra="openai",
    imports=("openai", "aiohttp"),
    keys=("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"),
    key_of=key_of,
    takes_base_url=True,
    own_hosts=("api.openai.com", "*.api.openai.com"),
    batch=Batch(
        "teachers.batch.openai:OpenAIBatches",
        # 50,000 requests, 200 MB a file: https://developers.openai.com/api/docs/guides/batch
        PartLimits(max_requests=50_000, max_bytes=200_000_000),
    ),
)
