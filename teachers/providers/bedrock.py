"""Amazon Bedrock: Converse for every model, InvokeModel for imported ones."""

from __future__ import annotations

from teachers.provider import Batch, PartLimits, Provider

PROVIDER = Provider(
    name="bedrock",
    place=30,
    adapter="teachers.bedrock.teacher:BedrockTeacher",
    example="bedrock:us.amazon.nova-pro-v1:0",
    extra="bedrock",
    imports=("boto3",),
    keys=("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"),
    chain="AWS's own chain (~/.aws, SSO, instance and container roles)",
    takes_base_url=True,
    own_hosts=("*.amazonaws.com", "*.amazonaws.com.cn", "*.api.aws"),
    batch=Batch(
        "teachers.batch.bedrock:BedrockBatches",
        # Quotas that differ by model and account and can be raised; a recipe may say others. The smallest that the
        # pages read on 2026-11-24 tell of: 100 records at least (docs.truefoundry.com), 50,000 records and 1 GB a file
        # (Service Quotas).
        PartLimits(max_requests=50_000, max_bytes=1_000_000_000, min_requests=100),
    ),
)
