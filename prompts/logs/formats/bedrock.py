"""Bedrock's model invocation logs: the envelope around a call's two bodies.

Its `operation` is not looked at: the bodies tell by themselves, and OpenAI's APIs are logged too.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from prompts.logs.families import Answer, read_answer, read_prompt
from prompts.logs.files import find_body, read_body
from prompts.logs.log_format import LogFormat, Record
from prompts.logs.logged import Counted, Logged, Sampled, Unusable, count, number, reply_or_none, word
from prompts.logs.stream import assemble

SCHEMA = "ModelInvocationLog"
LIMITS = ("maxTokens", "max_new_tokens", "max_tokens", "max_gen_len")
"""Names of the most tokens of a reply, in the model families."""


def recognises(body: Mapping[str, Any]) -> bool:
    """Tells it by the name of its schema."""
    return body.get("schemaType") == SCHEMA


def read(record: Record) -> Iterator[Logged]:
    """Reads the call, if it was text and succeeded; Unusable with the reason otherwise."""
    body = record.body
    if body.get("errorCode"):
        raise Unusable("failed_call")
    sent = _body(body.get("input") or {}, "input", record.file)
    if not isinstance(sent, dict):  # text is not logged
        raise Unusable("no_body")
    answer = _answer(_body(body.get("output") or {}, "output", record.file))
    yield Logged(
        messages=read_prompt(sent),
        reply=reply_or_none(answer.text, answer.ended),
        ended=answer.ended,
        finish_reason=answer.finish_reason,
        provider="bedrock",
        model=_model(body.get("modelId"), answer.model),
        usage=_usage(body, answer),
        sampling=_sampling(sent),
        created_at=_moment(body.get("timestamp")),
        request_id=word(body.get("requestId")),
    )


def _body(side: Mapping[str, Any], name: str, record: Path) -> Any:
    """Reads a body: in the record, or where large in a file of its own; None where text is not logged."""
    body = side.get(f"{name}BodyJson")
    place = side.get(f"{name}BodyS3Path")
    if body is None and isinstance(place, str):
        body = orjson.loads(read_body(find_body(record, place)))
    if isinstance(body, str):
        return orjson.loads(body)
    return body


def _answer(body: Any) -> Answer:
    if body is None:
        return Answer()
    return read_answer(assemble(body))


def _model(model_id: object, answered: str | None) -> str | None:
    """Returns the model without the account that its ARN names; an application's own profile says nothing of it."""
    name = word(model_id)
    if not name:
        return name
    if "application-inference-profile/" in name and answered:
        return answered
    return name.rsplit("/", maxsplit=1)[-1]


def _usage(body: Mapping[str, Any], answer: Answer) -> Counted:
    """Reads the counts; older records have none, and then the answer's own stand."""
    sent, answered = body.get("input") or {}, body.get("output") or {}
    read, written = count(sent.get("cacheReadInputTokenCount")), count(sent.get("cacheWriteInputTokenCount"))
    inputs = count(sent.get("inputTokenCount"))
    if inputs is None:
        inputs = answer.input_tokens
    else:
        # inputTokenCount is what came neither from the cache nor went into it.
        inputs += (read or 0) + (written or 0)
    outputs = count(answered.get("outputTokenCount"))
    if outputs is None:
        outputs = answer.output_tokens
    return Counted(input_tokens=inputs, cached_tokens=read, output_tokens=outputs, cache_write_tokens=written)


def _sampling(sent: Mapping[str, Any]) -> Sampled:
    # Converse and Nova keep the parameters apart; the other families have them beside the prompt.
    how = sent.get("inferenceConfig") or sent
    top_p = number(how.get("topP", how.get("top_p")))
    return Sampled(number(how.get("temperature")), top_p, _limit(how))


def _limit(how: Mapping[str, Any]) -> int | None:
    for name in LIMITS:
        limit = count(how.get(name))
        if limit:
            return limit
    return None


def _moment(timestamp: object) -> datetime | None:
    if not isinstance(timestamp, str):
        return None
    return datetime.fromisoformat(timestamp)  # ValueError for another notation: the record is malformed


FORMAT = LogFormat("bedrock", "Bedrock invocation logs", recognises, read, place=3)
