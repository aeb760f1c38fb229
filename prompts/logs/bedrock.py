"""Bedrock's model invocation logs: the envelope around a call's two bodies.

Its `operation` is not looked at: the bodies tell by themselves, and OpenAI's APIs are logged too.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from prompts.logs.families import Said, read_prompt, read_said
from prompts.logs.logged import Counted, Logged, Sampled, Unusable, count, number, reply_or_none, word
from prompts.logs.stream import whole

SCHEMA = "ModelInvocationLog"

Fetch = Callable[[str], Any]
"""The JSON at an S3 path that the log names; Unusable where it is not on this machine."""


def read_invocation(body: Mapping[str, Any], fetch: Fetch) -> Iterator[Logged]:
    """The call, if it was text and succeeded; Unusable with the reason otherwise."""
    if body.get("errorCode"):
        raise Unusable("failed_call")
    sent = _body(body.get("input") or {}, "input", fetch)
    if not isinstance(sent, dict):
        raise Unusable("no_body")
    answered = _body(body.get("output") or {}, "output", fetch)
    said = Said() if answered is None else read_said(whole(answered))
    yield Logged(
        messages=read_prompt(sent),
        reply=reply_or_none(said.text, said.ended),
        ended=said.ended,
        finish_reason=said.finish_reason,
        provider="bedrock",
        model=_model(body.get("modelId"), said.model),
        usage=_usage(body, said),
        sampling=_sampling(sent),
        created_at=_moment(body.get("timestamp")),
        request_id=word(body.get("requestId")),
    )


def _body(side: Mapping[str, Any], name: str, fetch: Fetch) -> Any:
    """A body: in the record, or where large in a file of its own; None where text is not logged."""
    found = side.get(f"{name}BodyJson")
    if found is None and isinstance(path := side.get(f"{name}BodyS3Path"), str):
        found = fetch(path)
    return orjson.loads(found) if isinstance(found, str) else found


def _model(model_id: object, said: str | None) -> str | None:
    """The model without the account that its ARN names; an application's own profile says nothing of it."""
    name = word(model_id)
    if name is not None and "application-inference-profile/" in name and said:
        return said
    return name and name.rsplit("/", maxsplit=1)[-1]


def _usage(body: Mapping[str, Any], said: Said) -> Counted:
    """inputTokenCount is what came neither from the cache nor went into it; older records have no counts."""
    sent, answered = body.get("input") or {}, body.get("output") or {}
    plain = count(sent.get("inputTokenCount"))
    read, written = count(sent.get("cacheReadInputTokenCount")), count(sent.get("cacheWriteInputTokenCount"))
    return Counted(
        input_tokens=said.input_tokens if plain is None else plain + (read or 0) + (written or 0),
        cached_tokens=read,
        output_tokens=said.output_tokens if (out := count(answered.get("outputTokenCount"))) is None else out,
        cache_write_tokens=written,
    )


def _sampling(sent: Mapping[str, Any]) -> Sampled:
    how = sent.get("inferenceConfig") or sent
    limits = [how.get(name) for name in ("maxTokens", "max_new_tokens", "max_tokens", "max_gen_len")]
    top_p = how.get("topP", how.get("top_p"))
    return Sampled(number(how.get("temperature")), number(top_p), next(filter(None, map(count, limits)), None))


def _moment(timestamp: object) -> datetime | None:
    return datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else None
