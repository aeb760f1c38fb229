"""`stillhouse teachers SPEC --probe`: one tiny call that asks for all a teacher claims, and what really came.

The call is not retried and not journaled. A schema is not asked for: it would change the text that the other
claims are read off, and an endpoint that refuses it would hide them all. Nor is top_p, which some endpoints
refuse beside a temperature they take. Scoring, batches and caching would take calls of their own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.display.grid import render_grid
from pipeline.explain.claims import WORD, Claim, LogprobsSeen, compare, count_logprobs
from pipeline.recipe.teachers import TeacherEntry
from prompts.messages import Message
from teachers.base import Capabilities, Identity, Reply, Request, Sampling
from teachers.catalog import describe, open_teacher
from teachers.errors import InvalidRequest, Malformed, TeacherError
from teachers.pacing.meter import Metered

SYSTEM = f"Whatever you are asked, answer with the one word: {WORD}"
QUESTION = "What is your answer?"

MAX_TOKENS = 8
MAX_TOKENS_WHILE_REASONING = 512  # reasoning models refuse, or answer nothing, where the limit ends their thinking
TIMEOUT_S = 120.0

SHOWN = ("text", "outcome", "finish_reason", "request_id", "latency_s", "cost_usd", "warnings")
"""Fields of the reply that JSON has."""

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
class Answered:
    """A reply came."""

    reply: Reply
    logprobs: LogprobsSeen
    claims: Sequence[Claim]
    recipe: str | None
    """A line for the recipe, where what was seen is not what was claimed."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "error": None,
            "reply": {name: getattr(self.reply, name) for name in SHOWN},
            "logprobs": asdict(self.logprobs),
            "usage": asdict(self.reply.usage),
            "claims": [asdict(claim) for claim in self.claims],
            "recipe": self.recipe,
        }


@dataclass(slots=True, frozen=True)
class Refused:
    """The endpoint gave none."""

    outcome: str
    status: int | None
    message: str
    """In its own words."""
    retry_after_s: float | None
    change: str | None
    """What might help."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {"error": asdict(self)}


@dataclass(slots=True, frozen=True)
class Probe:
    """One call, and what came of it."""

    teacher: str
    asked: Mapping[str, Any]
    """The parameters that were sent, and whether a system turn was."""
    result: Answered | Refused

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {"teacher": self.teacher, "asked": dict(self.asked), **self.result.to_dict()}


def probe(entry: TeacherEntry) -> Probe:
    """Asks once. What the endpoint refused is told in its own words.

    Raises InputError, MissingExtra or AuthError where nothing could be sent.
    """
    teacher = describe(entry.to_spec())
    request = probe_request(teacher.identity, teacher.capabilities)
    return Probe(str(teacher.spec), _asked(request), _ask(entry, teacher.capabilities, request))


def probe_request(identity: Identity, can: Capabilities) -> Request:
    """Makes the smallest request that asks for everything that is claimed and can be seen at once."""
    effort = _effort(can)
    max_tokens = MAX_TOKENS
    if effort not in (None, "none", *can.plain_efforts):
        max_tokens = MAX_TOKENS_WHILE_REASONING
    sampling = Sampling(
        temperature=0.0 if can.temperature else None,  # 1.0 is taken even by some that take no temperature
        max_tokens=max(max_tokens, can.min_max_tokens),
        seed=1 if can.seed else None,
        top_logprobs=can.top_logprobs,
        reasoning_effort=effort,
    )
    if not can.system:
        return Request(identity, (Message("user", SYSTEM),), sampling)
    return Request(identity, (Message("system", SYSTEM), Message("user", QUESTION)), sampling)


def render_probe(shown: Probe) -> str:
    """Renders what was asked, what came, and the claims beside it."""
    return "\n".join(_lines(shown))


def _lines(shown: Probe) -> Iterator[str]:
    asked = ", ".join(f"{name} {_word(value)}" for name, value in shown.asked.items())
    yield f"teacher    {shown.teacher}"
    yield f"asked      {asked}"
    if isinstance(shown.result, Refused):
        yield f"failed     {shown.result.outcome}: {shown.result.message}"
        if shown.result.change:
            yield f"change     {shown.result.change}"
        return
    for name, value in _facts(shown.result):
        if value:
            yield f"{name:<10} {value}"
    yield ""
    rows = [[claim.name, _word(claim.claimed), claim.seen] for claim in shown.result.claims]
    yield render_grid(["capability", "claimed", "seen"], rows)
    if shown.result.recipe:
        yield ""
        yield f"Put into the recipe: {shown.result.recipe}"


def _ask(entry: TeacherEntry, can: Capabilities, request: Request) -> Answered | Refused:
    try:
        reply = asyncio.run(_complete(entry, request))
    except TeacherError as error:
        return Refused(error.outcome, error.status, str(error), error.retry_after_s, _change(error))
    claims = list(compare(can, request, reply))
    return Answered(reply, count_logprobs(reply), claims, _recipe_line(entry, claims))


async def _complete(entry: TeacherEntry, request: Request) -> Reply:
    teacher = Metered(open_teacher(entry.to_spec(), timeout_s=TIMEOUT_S), entry.to_price())
    try:
        return await teacher.complete(request)
    finally:
        await teacher.close()


def _effort(can: Capabilities) -> str | None:
    """Chooses an effort under which it takes all parameters, where it takes efforts at all."""
    for effort in (*can.plain_efforts, *can.efforts):
        return effort
    return None


def _asked(request: Request) -> dict[str, Any]:
    sampling = {name: value for name, value in asdict(request.sampling).items() if value is not None}
    return sampling | {"system": request.messages[0].role == "system"}


def _facts(answered: Answered) -> Iterator[tuple[str, str]]:
    reply = answered.reply
    yield "text", repr(reply.text)
    yield "outcome", f"{reply.outcome}, finish reason {reply.finish_reason}"
    yield "logprobs", _logprobs(answered.logprobs)
    yield "usage", ", ".join(f"{name} {_count(value)}" for name, value in asdict(reply.usage).items())
    yield "request id", reply.request_id or "not given"
    yield "latency", f"{reply.latency_s or 0.0:.2f} s"
    yield "cost", "no price known" if reply.cost_usd is None else f"${reply.cost_usd:.6f}"
    yield "warnings", "; ".join(reply.warnings)


def _logprobs(seen: LogprobsSeen) -> str:
    if not seen.tokens:
        return "none"
    joins = "their bytes join to the text" if seen.joins else "their bytes do not join to the text"
    return f"{seen.tokens} tokens, {seen.with_id} with an id; {joins}"


def _count(value: int | None) -> str:
    return "not given" if value is None else str(value)


def _change(error: TeacherError) -> str | None:
    if isinstance(error, InvalidRequest):
        named = [change for pattern, change in CHANGES.items() if re.search(pattern, str(error), re.IGNORECASE)]
        return "put into the recipe " + "; or ".join(named) if named else None
    if isinstance(error, Malformed):
        return "is this the API's base URL? Most end in /v1"
    if error.retry_after_s is not None:
        return f"it asks to wait {error.retry_after_s:g} s"
    return None


def _recipe_line(entry: TeacherEntry, claims: Sequence[Claim]) -> str | None:
    corrections = [f"{claim.name}: {json.dumps(claim.correction)}" for claim in claims if claim.correction is not None]
    if not corrections:
        return None
    return f"teacher: {{spec: {json.dumps(entry.spec)}, capabilities: {{{', '.join(corrections)}}}}}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
