"""What a teacher claims that it can do, beside what one reply shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from teachers.base import Capabilities, Reply, Request

WORD = "juniper"
"""What the probe's system text asks for: a reply with it has followed."""

NOT_ASKED = "not asked"


@dataclass(slots=True, frozen=True)
class Claim:
    """One capability beside what was seen of it."""

    name: str
    claimed: object
    seen: str
    correction: object = None
    """The value that was seen, where it is another than was claimed."""


@dataclass(slots=True, frozen=True)
class LogprobsSeen:
    """Counts over the tokens that came with a reply."""

    tokens: int
    alternatives_most: int
    alternatives_least: int
    with_id: int
    """Tokens that came with the teacher's own number."""
    joins: bool | None
    """Whether their bytes join to the text; None where there is none to join."""


def compare(can: Capabilities, request: Request, reply: Reply) -> Iterator[Claim]:
    """Yields every claim beside what the reply shows of it."""
    sampling = request.sampling
    yield _top_logprobs(can, reply)
    yield Claim("temperature", can.temperature, _accepted(can.temperature))
    yield Claim("seed", can.seed, _accepted(can.seed))
    yield Claim("system", can.system, _system(can, reply))
    if sampling.reasoning_effort is not None:
        yield Claim("efforts", list(can.efforts), f"{sampling.reasoning_effort} accepted")
    yield Claim("min_max_tokens", can.min_max_tokens, f"{sampling.max_tokens} accepted")
    yield Claim("caching", can.caching, _caching(reply))
    yield Claim("top_p", can.top_p, NOT_ASKED)
    yield Claim("schema", can.schema, NOT_ASKED)
    yield Claim("score", can.score, NOT_ASKED)
    yield Claim("batch", can.batch, NOT_ASKED)


def count_logprobs(reply: Reply) -> LogprobsSeen:
    """Counts what came."""
    if not reply.tokens:
        return LogprobsSeen(tokens=0, alternatives_most=0, alternatives_least=0, with_id=0, joins=None)
    widths = [len(token.top) for token in reply.tokens]
    return LogprobsSeen(
        tokens=len(widths),
        alternatives_most=max(widths),
        alternatives_least=min(widths),
        with_id=sum(token.id is not None for token in reply.tokens),
        joins=b"".join(token.bytes for token in reply.tokens) == reply.text.encode(),
    )


def _accepted(claimed: bool) -> str:
    return "accepted" if claimed else NOT_ASKED


def _top_logprobs(can: Capabilities, reply: Reply) -> Claim:
    name, claimed = "top_logprobs", can.top_logprobs
    if not claimed:
        return Claim(name, 0, NOT_ASKED)
    if not reply.tokens and not reply.text:
        return Claim(name, claimed, "no text came to see them on")
    counts = count_logprobs(reply)
    most, least = counts.alternatives_most, counts.alternatives_least
    if not counts.tokens:
        dropped = "; ".join(warning for warning in reply.warnings if "logprobs" in warning)
        return Claim(name, claimed, dropped or "none came", correction=0)
    seen = str(most) if most == least else f"{least} to {most}"
    if most < claimed:
        return Claim(name, claimed, seen, correction=most)
    return Claim(name, claimed, seen)


def _system(can: Capabilities, reply: Reply) -> str:
    if not can.system:
        return NOT_ASKED
    return "followed" if WORD in reply.text.casefold() else "accepted, not followed"


def _caching(reply: Reply) -> str:
    if reply.usage.cached_tokens is None:
        return "cached tokens are not counted"
    return "cached tokens are counted; one call cannot show more"
