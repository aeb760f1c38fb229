"""The lanes' lines and jobs without a server: what goes onto the wire, and what comes off it, whatever it is."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from prompts.messages import Message
from teachers.base import Reply, Request, Sampling
from teachers.batch import anthropic, bedrock, openai
from teachers.batch.catalog import open_lane
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Transient
from teachers.spec import BatchOptions, Options, Spec

SCHEMA = '{"additionalProperties":false,"properties":{},"type":"object"}'
MODELS = {"openai": "gpt-4.1", "anthropic": "claude-sonnet-5-5", "bedrock": "us.amazon.nova-pro-v1:0"}
READ: dict[str, Any] = {"openai": openai.from_line, "anthropic": anthropic.from_line, "bedrock": bedrock.from_line}
BATCH = BatchOptions(s3_uri="s3://batches/run", role_arn="arn:aws:iam::000000000000:role/batches")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "custom_id",
                    "recordId",
                    "response",
                    "error",
                    "result",
                    "type",
                    "body",
                    "status_code",
                    "message",
                    "code",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def line_of(provider: str, **options: Any) -> tuple[Request, dict[str, Any]]:
    spec = Spec(provider, MODELS[provider], None, Options(region="us-east-1", batch=BATCH, **options))
    lane = open_lane(spec)
    messages = (Message("system", "Answer."), Message("user", "mail"))
    request = Request(lane.identity, messages, Sampling(max_tokens=64), SCHEMA if lane.capabilities.schema else None)
    return request, json.loads(lane.to_line(request))


def test_openai_asks_for_the_endpoint_that_the_model_speaks() -> None:
    request, line = line_of("openai")
    assert (line["custom_id"], line["method"], line["url"]) == (request.key, "POST", "/v1/chat/completions")
    assert line["body"]["model"] == "gpt-4.1"
    assert line["body"]["max_completion_tokens"] == 64
    _, line = line_of("openai", api="responses")
    assert line["url"] == "/v1/responses"
    assert line["body"]["input"]


def test_anthropic_takes_the_same_body_as_online() -> None:
    request, line = line_of("anthropic")
    assert line["custom_id"] == request.key
    assert line["params"]["model"] == "claude-sonnet-5-5"
    assert line["params"]["system"] == [{"type": "text", "text": "Answer.", "cache_control": {"type": "ephemeral"}}]


def test_bedrocks_records_are_converses_arguments_less_the_model() -> None:
    request, line = line_of("bedrock")
    assert line["recordId"] == request.key
    assert "modelId" not in line["modelInput"]
    shape = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
    report = ParamValidator().validate({**line["modelInput"], "modelId": "m"}, shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("provider", READ)
@given(JSON)
def test_any_line_of_results_is_a_result(provider: str, value: Any) -> None:
    result = READ[provider](value)
    assert isinstance(result.key, str)
    assert isinstance(result.ended, Reply | TeacherError)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "context_length_exceeded", InvalidRequest),
        (429, "rate_limit_exceeded", RateLimited),
        (429, "insufficient_quota", AuthError),
        (500, None, Transient),
    ],
)
def test_openais_refusals_are_read_by_status_and_code(status: int, code: str | None, kind: type[TeacherError]) -> None:
    body = {"error": {"message": "no", "code": code}}
    ended = openai.from_line({"custom_id": "k", "response": {"status_code": status, "body": body}}).ended
    assert type(ended) is kind
    assert str(status) in str(ended)


def test_openais_jobs() -> None:
    job = openai.to_job({"id": "b", "status": "expired", "output_file_id": "o", "error_file_id": "e"})
    assert (job.ended, job.files, job.problem) == (True, ("o", "e"), None)
    assert not openai.to_job({"id": "b", "status": "cancelling"}).ended
    full = {"data": [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}]}
    assert isinstance(openai.to_job({"id": "b", "status": "failed", "errors": full}).problem, RateLimited)
    lines = {"data": [{"code": "invalid_request", "message": "no", "line": 3}]}
    assert set(openai.to_job({"id": "b", "status": "failed", "errors": lines}).bad_lines) == {3}
    assert isinstance(openai.to_job({"id": "b", "status": "failed"}).problem, InvalidRequest)


def test_every_state_of_a_bedrock_job_is_known() -> None:
    model = botocore.session.get_session().get_service_model("bedrock")
    running = {"Submitted", "InProgress", "Stopping", "Validating", "Scheduled"}
    assert set(model.shape_for("ModelInvocationJobStatus").enum) == running | bedrock.ENDED


def test_results_are_not_fetched_where_anthropics_record_says() -> None:
    record = {"id": "b/../x", "processing_status": "ended", "results_url": "http://elsewhere.example/steal"}
    assert anthropic.to_job(record).files == ("/v1/messages/batches/b%2F..%2Fx/results",)
