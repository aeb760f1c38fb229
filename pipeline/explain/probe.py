"""`stillhouse teachers SPEC --probe`: one tiny call that asks for all a teacher claims, and what really came.

The call is not retried and not journaled. A schema is not asked for: it would change the text that the other
claims are read off, and an endpoint that refuses it would hide them all. Nor is top_p, which some endpoints
refuse beside a temperature they take. Scoring, batches and caching would take calls of their own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.display.grid import render_grid
from pipeline.recipe.teachers import TeacherEntry
from prompts.messages import Message
from teachers.base import Capabilities, Identity, Reply, Request, Sampling
from teachers.catalog import describe, open_teacher
from teachers.errors import InvalidRequest, Malformed, TeacherError
from teachers.pacing.meter import Metered

WORD = "juniper"
SYSTEM = f"Whatever you are asked, answer with the one word: {WORD}"
QUESTION = "What is your answer?"

MAX_TOKENS = 8
MAX_TOKENS_WHILE_REASONING = 512  # reasoning models refuse, or answer nothing, where the limit ends their thinking
TIMEOUT_S = 120.0

CHANGES = {
    r"logprob": "capabilities: {top_logprobs: 0}, or the number it names",
    r"temperature": "capabilities: {temperature: false}",
    r"\bseed\b": "capabilities: {seed: false}",
    r"\bsystem\b": "capabilities: {system: false}",
    r"effort": "capabilities: {efforts: []}",
    r"max_(completion_|output_)?tokens|maxTokens": "capabilities: {min_max_tokens: N}, with the least it names",
}
"""What to put into the recipe where a refusal's own words name a parameter. Only a suggestion hangs on it."""


@dataclass(slots=True, frozen=True)
class Claim:
    """One capability beside what was seen of it."""

    name: str
    claimed: object
    seen: str
    correction: object = None
    """The value that was seen, where it is another than was claimed."""


def probe(entry: TeacherEntry) -> dict[str, Any]:
    """Asks once. What the endpoint refused is in `error`, in its own words.

    Raises InputError, MissingExtra or AuthError where nothing could be sent.
    """
    found = describe(entry.to_spec())
    request = probe_request(found.identity, found.capabilities)
    shown: dict[str, Any] = {"teacher": str(found.spec), "asked": _asked(request), "error": None}
    try:
        reply = asyncio.run(_ask(entry, request))
    except TeacherError as error:
        return shown | {"error": _explain(error)}
    claims = list(compare(found.capabilities, request, reply))
    differing = {claim.name: claim.correction for claim in claims if claim.correction is not None}
    return shown | {
        "reply": _reply(reply),
        "logprobs": _logprobs(reply),
        "usage": asdict(reply.usage),
        "claims": [asdict(claim) for claim in claims],
        "recipe": _recipe_line(entry, differing) if differing else None,
    }


def probe_request(identity: Identity, can: Capabilities) -> Request:
    """The smallest request that asks for everything that is claimed and can be seen at once."""
    effort = can.plain_efforts[0] if can.plain_efforts else can.efforts[0] if can.efforts else None
    reasons = effort not in (None, "none", *can.plain_efforts)
    sampling = Sampling(
        temperature=0.0 if can.temperature else None,  # 1.0 is taken even by some that take no temperature
        max_tokens=max(MAX_TOKENS_WHILE_REASONING if reasons else MAX_TOKENS, can.min_max_tokens),
        seed=1 if can.seed else None,
        top_logprobs=can.top_logprobs,
        reasoning_effort=effort,
    )
    turns = (Message("system", SYSTEM), Message("user", QUESTION))
    return Request(identity, turns if can.system else (Message("user", SYSTEM),), sampling)


def compare(can: Capabilities, request: Request, reply: Reply) -> Iterator[Claim]:
    """Every claim beside what the reply shows of it."""
    yield _top_logprobs(can, reply)
    for name in ("temperature", "seed"):
        yield Claim(name, getattr(can, name), "accepted" if getattr(can, name) else "not asked")
    yield Claim("system", can.system, _system(can, reply))
    if request.sampling.reasoning_effort is not None:
        yield Claim("efforts", list(can.efforts), f"{request.sampling.reasoning_effort} accepted")
    yield Claim("min_max_tokens", can.min_max_tokens, f"{request.sampling.max_tokens} accepted")
    yield Claim("caching", can.caching, _caching(reply))
    for name in ("top_p", "schema", "score", "batch"):
        yield Claim(name, getattr(can, name), "not asked")


def render_probe(shown: Mapping[str, Any]) -> str:
    """What was asked, what came, and the claims beside it."""
    asked = ", ".join(f"{name} {_word(value)}" for name, value in shown["asked"].items())
    lines = [f"teacher    {shown['teacher']}", f"asked      {asked}"]
    if shown["error"]:
        error = shown["error"]
        lines += [f"failed     {error['outcome']}: {error['message']}"]
        return "\n".join([*lines, *([f"change     {error['change']}"] if error["change"] else [])])
    lines += [f"{name:<10} {value}" for name, value in _facts(shown).items() if value]
    rows = [[claim["name"], _word(claim["claimed"]), claim["seen"]] for claim in shown["claims"]]
    lines += ["", render_grid(["capability", "claimed", "seen"], rows)]
    if shown["recipe"]:
        lines += ["", f"Put into the recipe: {shown['recipe']}"]
    return "\n".join(lines)


async def _ask(entry: TeacherEntry, request: Request) -> Reply:
    teacher = Metered(open_teacher(entry.to_spec(), timeout_s=TIMEOUT_S), entry.to_price())
    try:
        return await teacher.complete(request)
    finally:
        await teacher.close()


def _asked(request: Request) -> dict[str, Any]:
    sampling = {name: value for name, value in asdict(request.sampling).items() if value is not None}
    return sampling | {"system": request.messages[0].role == "system"}


def _top_logprobs(can: Capabilities, reply: Reply) -> Claim:
    if not can.top_logprobs:
        return Claim("top_logprobs", 0, "not asked")
    if not reply.tokens and not reply.text:
        return Claim("top_logprobs", can.top_logprobs, "no text came to see them on")
    found = _logprobs(reply)
    most, least = found["alternatives_most"], found["alternatives_least"]
    if not found["tokens"]:
        dropped = "; ".join(warning for warning in reply.warnings if "logprobs" in warning)
        return Claim("top_logprobs", can.top_logprobs, dropped or "none came", correction=0)
    seen = f"{most}" if most == least else f"{least} to {most}"
    return Claim("top_logprobs", can.top_logprobs, seen, correction=most if most < can.top_logprobs else None)


def _system(can: Capabilities, reply: Reply) -> str:
    if not can.system:
        return "not asked"
    return "followed" if WORD in reply.text.casefold() else "accepted, not followed"


def _caching(reply: Reply) -> str:
    counted = reply.usage.cached_tokens is not None
    return "cached tokens are counted; one call cannot show more" if counted else "cached tokens are not counted"


def _reply(reply: Reply) -> dict[str, Any]:
    names = ("text", "outcome", "finish_reason", "request_id", "latency_s", "cost_usd", "warnings")
    return {name: getattr(reply, name) for name in names}


def _logprobs(reply: Reply) -> dict[str, Any]:
    """Counts over the tokens that came; `joins` is None where there is none to join."""
    tops = [len(token.top) for token in reply.tokens]
    joined = b"".join(token.bytes for token in reply.tokens) == reply.text.encode()
    return {
        "tokens": len(tops),
        "alternatives_most": max(tops, default=0),
        "alternatives_least": min(tops, default=0),
        "with_id": sum(token.id is not None for token in reply.tokens),
        "joins": joined if tops else None,
    }


def _facts(shown: Mapping[str, Any]) -> dict[str, str]:
    reply, logprobs = shown["reply"], shown["logprobs"]
    joins = "their bytes join to the text" if logprobs["joins"] else "their bytes do not join to the text"
    usage = ", ".join(f"{name} {'not given' if n is None else n}" for name, n in shown["usage"].items())
    cost = reply["cost_usd"]
    return {
        "text": repr(reply["text"]),
        "outcome": f"{reply['outcome']}, finish reason {reply['finish_reason']}",
        "logprobs": f"{logprobs['tokens']} tokens, {logprobs['with_id']} with an id; {joins}"
        if logprobs["tokens"]
        else "none",
        "usage": usage,
        "request id": reply["request_id"] or "not given",
        "latency": f"{reply['latency_s']:.2f} s",
        "cost": "no price known" if cost is None else f"${cost:.6f}",
        "warnings": "; ".join(reply["warnings"]),
    }


def _explain(error: TeacherError) -> dict[str, Any]:
    return {
        "outcome": error.outcome,
        "status": error.status,
        "message": str(error),
        "retry_after_s": error.retry_after_s,
        "change": _change(error),
    }


def _change(error: TeacherError) -> str | None:
    if isinstance(error, InvalidRequest):
        named = [change for pattern, change in CHANGES.items() if re.search(pattern, str(error), re.IGNORECASE)]
        return "put into the recipe " + "; or ".join(named) if named else None
    if isinstance(error, Malformed):
        return "is this the API's base URL? Most end in /v1"
    return None if error.retry_after_s is None else f"it asks to wait {error.retry_after_s:g} s"


def _recipe_line(entry: TeacherEntry, differing: Mapping[str, object]) -> str:
    believed = ", ".join(f"{name}: {json.dumps(value)}" for name, value in differing.items())
    return f"teacher: {{spec: {json.dumps(entry.spec)}, capabilities: {{{believed}}}}}"


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
