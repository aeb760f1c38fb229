"""Checks on the way out (can the teacher honour it?) and on the way in (is the reply true to itself?)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from teachers.base import Alternative, Capabilities, Identity, Reply, Request, Sampling, TokenLogprob
from teachers.errors import Unsupported

SENTINEL = -9999.0
"""OpenAI's logprob for a token outside the top 20; no number at all, only "very unlikely"."""

TOLERANCE = 1e-3
"""Servers round: a logprob cut to three decimals is off by up to 5e-4 of its probability."""


def is_sentinel(logprob: float) -> bool:
    """Tells a logprob that stands for "not known"."""
    return logprob <= SENTINEL


class Described(Protocol):
    """A teacher, or the catalog's description of one: what can be checked before it is opened."""

    @property
    def identity(self) -> Identity:
        """The one who answers."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities it has."""


@dataclass(slots=True, frozen=True)
class Lack:
    """Something a request needs and a teacher cannot honour: the recipe's field, and what to set."""

    field: str
    says: str


def check_supported(teacher: Described, request: Request) -> None:
    """Raises Unsupported, saying what to set, where the teacher cannot honour a request like this."""
    missing = lacks(teacher.capabilities, request)
    if missing:
        who, says = teacher.identity, "; ".join(lack.says for lack in missing)
        raise Unsupported(f"'{who.model}' cannot do this; {says}", provider=who.provider)


def lacks(can: Capabilities, request: Request) -> list[Lack]:
    """Returns all that a teacher with these capabilities cannot honour of a request."""
    missing = [*_sampling_lacks(request.sampling, can), *_reasoning_lacks(request.sampling, can)]
    if request.schema is not None and not can.schema:
        missing.append(
            Lack("json_schema", "it takes no JSON schema: leave schema unset and filter by schema in curate")
        )
    if request.messages[0].role == "system" and not can.system:
        missing.append(Lack("system", "it takes no system text: move it into the user turn"))
    if request.continuation is not None and not can.score:
        missing.append(Lack("continuation", "it cannot score a given text: rescore with a huggingface or vLLM teacher"))
    return missing


def _sampling_lacks(how: Sampling, can: Capabilities) -> Iterator[Lack]:
    if how.top_logprobs > can.top_logprobs:
        most = f"at most {can.top_logprobs}" if can.top_logprobs else "no"
        yield Lack("top_logprobs", f"it returns {most} top_logprobs: set top_logprobs to {can.top_logprobs}")
    for name in ("temperature", "top_p", "seed"):
        if getattr(how, name) is not None and not getattr(can, name):
            yield Lack(name, f"it takes no {name}: leave {name} unset")
    if how.max_tokens is None and can.needs_max_tokens:
        yield Lack("max_tokens", "it answers nothing without max_tokens: set max_tokens")
    least = can.min_max_tokens
    if how.max_tokens is not None and how.max_tokens < least:
        yield Lack("max_tokens", f"it takes no max_tokens below {least}: set max_tokens to {least} or more")


def _reasoning_lacks(how: Sampling, can: Capabilities) -> Iterator[Lack]:
    effort = how.reasoning_effort
    if effort is not None and effort not in can.efforts:
        known = f"use one of {', '.join(can.efforts)}" if can.efforts else "leave reasoning_effort unset"
        yield Lack("reasoning_effort", f"it takes no reasoning_effort '{effort}': {known}")
    if not can.plain_efforts or (effort or can.default_effort) in can.plain_efforts:
        return
    # Some reasoning models take these only while they do not reason.
    plain = " or ".join(can.plain_efforts)
    asked = {"temperature": how.temperature, "top_p": how.top_p, "top_logprobs": how.top_logprobs or None}
    for name, value in asked.items():
        if value is not None and getattr(can, name):
            says = f"it takes {name} only while it does not reason: set reasoning_effort to {plain}, or unset {name}"
            yield Lack(name, says)


def checked(reply: Reply, schema: str | None = None) -> Reply:
    """Returns the reply with sentinels dropped and its logprobs true to its text, or without them and saying so.

    A sampled token is kept even where its own logprob is a sentinel: its bytes are part of the text.
    A whole answer outside `schema` gets a warning: many servers ignore one without a word. Idempotent
    without a schema.
    """
    reply = _with_true_tokens(reply)
    if schema is None or reply.outcome != "ok" or _satisfies(reply.text, schema):
        return reply
    return replace(reply, warnings=(*reply.warnings, "the reply does not satisfy the schema: it may be ignored"))


def _with_true_tokens(reply: Reply) -> Reply:
    if not reply.tokens:
        return reply
    tokens = tuple(_drop_sentinels(token) for token in reply.tokens)
    problem = _problem(reply.text, tokens)
    if problem is None:
        return replace(reply, tokens=tokens)
    return replace(reply, tokens=(), warnings=(*reply.warnings, f"logprobs dropped: {problem}"))


def _satisfies(text: str, schema: str) -> bool:
    from jsonschema import Draft202012Validator

    try:
        return bool(Draft202012Validator(json.loads(schema)).is_valid(json.loads(text)))
    # RecursionError: a reply of a thousand opening brackets.
    except (ValueError, RecursionError):
        return False


def _drop_sentinels(token: TokenLogprob) -> TokenLogprob:
    return replace(token, top=tuple(other for other in token.top if not is_sentinel(other.logprob)))


def _problem(text: str, tokens: tuple[TokenLogprob, ...]) -> str | None:
    if b"".join(token.bytes for token in tokens) != text.encode():
        return "the tokens do not join to the text"
    for position, token in enumerate(tokens):
        mass = _mass(token)
        if not mass <= 1 + TOLERANCE:  # also true for NaN
            return f"the probabilities at token {position} sum to {mass:.4g}"
    return None


def _mass(token: TokenLogprob) -> float:
    seen = {_name(other): other.logprob for other in token.top}
    seen.setdefault(_name(token), token.logprob)
    # Above 0 no logprob is one; the cut keeps exp from overflowing.
    return math.fsum(math.exp(min(logprob, 1.0)) for logprob in seen.values())


def _name(token: TokenLogprob | Alternative) -> tuple[int | None, bytes]:
    """Tokens are distinct by id; where there is none, by bytes (several ids can share bytes)."""
    if token.id is not None:
        return token.id, b""
    return None, token.bytes
