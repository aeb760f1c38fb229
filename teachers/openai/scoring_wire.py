"""Teacher-forced logprobs of a given text through vLLM's additions to Chat Completions, as two pure functions.

The text stands as a last assistant turn that is left open, and the server returns the logprobs of its prompt.
https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html and vLLM's
`entrypoints/openai/chat_completion/protocol.py`, read 2026-11-24.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from teachers.arrival import is_sentinel
from teachers.base import Alternative, Reply, Request, TokenLogprob
from teachers.errors import InvalidRequest, Malformed
from teachers.openai.chat_wire import read_usage
from teachers.openai.chat_wire import to_wire as to_chat_wire
from teachers.openai.parts import named_error
from teachers.openai.token_fit import fit_tokens, is_lossy
from teachers.transport.body import storable, string

SAMPLING = ("temperature", "top_p", "max_tokens", "seed", "logprobs", "top_logprobs", "response_format")
"""Fields about the text that is sampled, of which here there is none."""


def to_wire(request: Request) -> dict[str, Any]:
    """Returns the body; one token is sampled, because the protocol knows no request for none."""
    body = to_chat_wire(request)
    kept = {name: value for name, value in body.items() if name not in SAMPLING}
    return {
        **kept,
        "messages": [*body["messages"], {"role": "assistant", "content": request.continuation}],
        "add_generation_prompt": False,
        "continue_final_message": True,
        # 0 still gives the logprob of each token that stands there.
        "prompt_logprobs": request.sampling.top_logprobs,
        "return_token_ids": True,
        "max_tokens": 1,
    }


def from_wire(body: object, request: Request, provider: str = "openai") -> Reply:
    """Returns the continuation with its tokens; without them, and saying so, where the prompt does not end in it.

    Raises the error that the body names, Malformed where it is none of the protocol, InvalidRequest where
    the server knows nothing of prompt_logprobs.
    """
    if not isinstance(body, dict):
        raise Malformed(f"answered a {type(body).__name__}, not an object", provider=provider)
    if body.get("error"):
        raise named_error(body["error"], provider)
    if not isinstance(body.get("prompt_logprobs"), list):
        remedy = "Only vLLM's protocol does: remove `score` from this teacher's capabilities"
        raise InvalidRequest("answered without prompt_logprobs", provider=provider, remedy=remedy)
    continuation = request.continuation or ""
    prompt_tokens = _prompt_tokens(body, request.sampling.top_logprobs, provider)
    tokens = fit_tokens(prompt_tokens, continuation, whole=False)
    reply = Reply(continuation, usage=read_usage(body.get("usage")), request_id=string(body.get("id")))
    if tokens is None:
        return replace(reply, warnings=("logprobs dropped: the prompt's tokens do not end in the text",))
    return replace(reply, tokens=tokens)


def _prompt_tokens(body: Mapping[str, Any], most: int, provider: str) -> list[TokenLogprob]:
    entries, ids = body["prompt_logprobs"], body.get("prompt_token_ids")
    if not isinstance(ids, list) or len(ids) != len(entries):
        ids = [None] * len(entries)  # older servers list none
    try:
        # The first token has nothing before it, and so no logprob.
        return [_token(entry, index, most) for entry, index in zip(entries, ids, strict=True) if entry]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed("answered prompt_logprobs that cannot be read", provider=provider) from error


def _token(entry: Mapping[str, Mapping[str, Any]], index: int | None, most: int) -> TokenLogprob:
    """One position, by id: the `most` likely tokens and the one that stands there, which older servers list first."""
    read = {int(key): _alternative(int(key), value) for key, value in entry.items()}
    if index is None:
        index = next(iter(read))
    own = read[index]
    likely = sorted(read.values(), key=lambda other: -other.logprob)[:most]
    top = tuple(other for other in likely if not is_sentinel(other.logprob) and not is_lossy(other.bytes))
    return TokenLogprob(own.bytes, own.logprob, own.id, top)


def _alternative(index: int, value: Mapping[str, Any]) -> Alternative:
    return Alternative(storable(value.get("decoded_token") or "").encode(), float(value["logprob"]), index)
