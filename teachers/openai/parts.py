"""The parts that OpenAI's two protocols share: tokens, errors in a 200, a schema, and the cache key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prompts.digest import digest
from prompts.messages import to_dicts
from teachers.arrival import is_sentinel
from teachers.base import Alternative, Request, TokenLogprob
from teachers.errors import TeacherError
from teachers.openai.token_fit import is_lossy
from teachers.transport.body import storable
from teachers.transport.http import error_for_status

Read = tuple[tuple[TokenLogprob, ...], tuple[str, ...]]
"""Tokens, and the warnings they came with."""

FILTERED = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "invalid_prompt",
        "bio_policy",
        "misalignment_policy_violation",
        "image_content_policy_violation",
    }
)
"""Codes of an error that is about the prompt's content: an answer, which must not stop the others."""


def cache_key(request: Request) -> str | None:
    """`prompt_cache_key` for the prefix that many prompts share, all but the last turn; None where there is none.

    It keeps the prompts of one prefix on the same machines, whose cache then holds it
    (https://developers.openai.com/api/docs/guides/prompt-caching, read 2026-11-24).
    """
    prefix = request.messages[:-1]
    if not prefix:
        return None
    return digest(to_dicts(prefix))


def json_schema(schema: str) -> dict[str, Any]:
    """Returns a schema as both protocols name it; strict, so that it binds the model."""
    return {"name": "reply", "schema": json.loads(schema), "strict": True}


def named_error(error: object, provider: str) -> TeacherError:
    """Returns the error in a 200's body: some servers and gateways answer so."""
    # Gateways write an object, a bare message, or a number.
    details: Mapping[str, object] = {}
    if isinstance(error, dict):
        details = error
    status = _status_of(details)
    kind = error_for_status(status)
    return kind(str(details.get("message") or error), provider=provider, status=status)


def read_tokens(entries: object, ids: Sequence[int] = ()) -> Read:
    """Returns the tokens of a list of logprobs; where they cannot be read none, and a warning says so.

    `ids` are the sampled tokens', where the server lists them beside: vLLM.
    """
    try:
        tokens = [_token(entry) for entry in entries or ()]  # type: ignore[attr-defined]  # what fails is caught
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return (), (f"logprobs dropped: they cannot be read ({type(error).__name__})",)
    if len(ids) == len(tokens):
        tokens = [_with_id(token, index) for token, index in zip(tokens, ids, strict=True)]
    # llama.cpp lists the end-of-turn token, which has no bytes; others do not.
    while tokens and not tokens[-1].bytes:
        tokens.pop()
    return tuple(tokens), ()


def _status_of(details: Mapping[str, object]) -> int | None:
    """Returns the status an error stands for: its code where that is a number, else what its code or type is named."""
    code = details.get("code", details.get("status"))
    if isinstance(code, int):
        return int(code)
    if isinstance(code, str) and code.isdecimal():
        return int(code)
    names = f"{code} {details.get('type')}"
    if "rate_limit" in names:
        return 429
    if "invalid" in names:
        return 400
    return None


def _token(entry: Mapping[str, Any]) -> TokenLogprob:
    top = tuple(_alternative(other) for other in entry.get("top_logprobs") or ())
    sampled = _alternative(entry)
    if any(other.id == sampled.id is not None and other.bytes != sampled.bytes for other in top):
        # llama.cpp joins the tokens of one character into an entry with the last one's id and logprobs:
        # as alternatives to the whole character they would be false.
        return TokenLogprob(sampled.bytes, sampled.logprob)
    kept = tuple(other for other in top if not is_sentinel(other.logprob) and not is_lossy(other.bytes))
    return TokenLogprob(sampled.bytes, sampled.logprob, sampled.id, kept)


def _alternative(entry: Mapping[str, Any]) -> Alternative:
    raw = entry.get("bytes")
    if raw is None:
        raw = storable(entry["token"]).encode()
    return Alternative(bytes(raw), float(entry["logprob"]), entry.get("id", entry.get("token_id")))


def _with_id(token: TokenLogprob, index: int) -> TokenLogprob:
    """Returns the sampled token with its id, and the alternative that is the same token with it too."""
    top = []
    for other in token.top:
        # vLLM lists the sampled token among the alternatives, and gives the id of the sampled one alone.
        if (other.bytes, other.logprob) == (token.bytes, token.logprob):
            other = replace(other, id=index)
        top.append(other)
    return replace(token, id=index, top=tuple(top))
