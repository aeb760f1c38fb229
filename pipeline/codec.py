"""Requests and replies as the journal stores them: compressed JSON, in the columns of `records.REPLIES`."""

from __future__ import annotations

import base64
import zlib
from dataclasses import asdict
from typing import Any

import orjson

from prompts.digest import digest
from prompts.messages import to_dicts
from teachers.base import ANSWERS, Reply, Request, TokenLogprob

NOTHING: dict[str, Any] = {
    "reply": "",
    "finish_reason": None,
    "usage": None,
    "cost_usd": None,
    "latency_s": None,
    "tokens": [],
}


def pack(value: Any) -> bytes:
    """JSON, deflated. On the quickstart's replies level 6 saved 4 % of the bytes for a quarter more time."""
    return zlib.compress(orjson.dumps(value), level=1)


def unpack(blob: bytes) -> Any:
    """The inverse of `pack`."""
    return orjson.loads(zlib.decompress(blob))


def encode_request(request: Request) -> bytes:
    """The columns that a request alone decides."""
    sampling = asdict(request.sampling)
    del sampling["top_logprobs"]
    return pack(
        {
            "messages": to_dicts(request.messages),
            "teacher": asdict(request.identity),
            "sampling": {**sampling, "schema_digest": None if request.schema is None else digest(request.schema)},
        }
    )


def encode_reply(reply: Reply) -> bytes:
    """Everything a reply holds. Token bytes may be no UTF-8: base64."""
    return pack(
        {
            "text": reply.text,
            "outcome": reply.outcome,
            "finish_reason": reply.finish_reason,
            "usage": asdict(reply.usage),
            "cost_usd": reply.cost_usd,
            "latency_s": reply.latency_s,
            "request_id": reply.request_id,
            "warnings": list(reply.warnings),
            "tokens": [_encode_token(token) for token in reply.tokens],
        }
    )


def decode_reply(blob: bytes | None, last_outcome: str | None) -> dict[str, Any]:
    """The columns that a reply decides; without one, the outcome of the last attempt.

    A sample that was wanted and never sent is `unknown`, like one that was never answered. The reply's
    text is empty where its outcome is not ok; the journal keeps it, `why` shows it.
    """
    if blob is None:
        return {**NOTHING, "outcome": last_outcome if last_outcome not in ANSWERS and last_outcome else "unknown"}
    body = unpack(blob)
    return {
        "reply": body["text"] if body["outcome"] == "ok" else "",
        "outcome": body["outcome"],
        "finish_reason": body["finish_reason"],
        "usage": body["usage"],
        "cost_usd": body["cost_usd"],
        "latency_s": body["latency_s"],
        "tokens": [_decode_token(token) for token in body["tokens"]],
    }


def _encode_token(token: TokenLogprob) -> list[Any]:
    top = [[_text(item.bytes), item.id, item.logprob] for item in token.top]
    return [_text(token.bytes), token.id, token.logprob, top]


def _decode_token(token: list[Any]) -> dict[str, Any]:
    text, token_id, logprob, top = token
    alternatives = [{"bytes": _bytes(item[0]), "id": item[1], "logprob": item[2]} for item in top]
    return {"bytes": _bytes(text), "id": token_id, "logprob": logprob, "top": alternatives}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
