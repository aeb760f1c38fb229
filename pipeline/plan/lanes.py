"""Dollars and hours of one teacher's share, by lane."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from pipeline.inference.budget import FREE, known_cost_bound
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.plan.estimate import NOTHING, Interval, largest
from pipeline.plan.share import Share
from pipeline.recipe.recipe import Generate
from teachers.base import Usage
from teachers.pacing.meter import batch_cost_usd, cost_usd
from teachers.provider import PartLimits, part_limits

FIRST_TOKEN_S = (0.3, 3.0)
TOKENS_PER_S = (200.0, 20.0)
"""Assumed of a hosted teacher that was never measured: quick and slow. Any one may be outside."""

BATCH_HOURS = 24.0
"""OpenAI, Anthropic and Bedrock end a job within a day, done or not."""

LINE_BYTES = 1_000
"""A batch's line less its messages: key, model, parameters."""


@dataclass(slots=True, frozen=True)
class Lane:
    """One teacher's share in one lane. A lane that the teacher has not is no Lane."""

    name: str
    cost_usd: Interval | None
    """At the list price, or the recipe's, nothing cached; None where no price is known."""
    cost_usd_at_most: float | None
    """As a budget reserves it, each request at its worst; None where it has none."""
    hours: Interval | None
    """None where nothing is known."""
    jobs: int | None = None
    """Batch jobs at most, side by side."""


def lanes_of(share: Share, generate: Generate) -> list[Lane]:
    """Returns the lanes that the teacher has."""
    online = Lane("online", _dollars(share, "online"), _at_most(share, "online"), _online_hours(share, generate))
    limits = batch_limits(share.endpoint)
    if limits is None:
        return [online]
    jobs = _jobs(share, limits)
    # Providers promise a day and often need minutes: nothing in between is known, and jobs go side by side.
    hours = Interval(0.0, None, BATCH_HOURS) if jobs else NOTHING
    return [online, Lane("batch", _dollars(share, "batch"), _at_most(share, "batch"), hours, jobs)]


def batch_limits(endpoint: ConfiguredTeacher) -> PartLimits | None:
    """Returns what its provider takes as one job, under what the recipe says; None where it has no batch lane."""
    if not endpoint.description.capabilities.batch:
        return None
    return part_limits(endpoint.description.spec)


def latency_s(share: Share) -> Interval | None:
    """Returns the seconds a call takes: measured, or assumed of a hosted teacher; None of any other."""
    measured = share.past.latency_s(share.calls.high)
    if measured is not None:
        return measured  # at the concurrency of those calls; more in flight may be slower
    if not share.endpoint.description.provider.keys:
        return None  # a machine of the user's own: nothing is known of it
    least = most = 0.0
    if share.calls.high:
        least, most = share.output_tokens.low / share.calls.high, share.output_tokens.high / share.calls.high
    quick = FIRST_TOKEN_S[0] + least / TOKENS_PER_S[0]
    slow = FIRST_TOKEN_S[1] + most / TOKENS_PER_S[1]
    return Interval(quick, None, slow)


def is_free(endpoint: ConfiguredTeacher) -> bool:
    """Says whether nobody charges for it: it runs in this process."""
    return known_cost_bound(endpoint) == FREE


def _at_most(share: Share, lane: str) -> float | None:
    if share.endpoint.sampling.max_tokens is None and not is_free(share.endpoint):
        return None  # a reply without a cap has no worst
    return share.worst_usd.get(lane)


def _dollars(share: Share, lane: str) -> Interval | None:
    if lane not in share.worst_usd:
        return None
    if is_free(share.endpoint):
        return NOTHING
    # The prices are those of a mean prompt, which matters where long prompts cost more a token.
    tokens = max(1_000, ceil(share.input_tokens.high / max(share.calls.high, 1)))
    read = _cost_usd(share.endpoint, Usage(tokens, None, 0), lane)
    whole = _cost_usd(share.endpoint, Usage(tokens, None, tokens), lane)
    if read is None or whole is None:
        return None
    # For prompts of one size prices are linear in both, so that two bills give the price a token of each.
    return share.input_tokens.scaled(read / tokens) + share.output_tokens.scaled((whole - read) / tokens)


def _cost_usd(endpoint: ConfiguredTeacher, usage: Usage, lane: str) -> float | None:
    who, price = endpoint.description, endpoint.entry.to_price()
    if lane == "batch":
        return batch_cost_usd(who.identity, usage, who.capabilities.batch_price, price)
    return cost_usd(who.identity, usage, price)


def _online_hours(share: Share, generate: Generate) -> Interval | None:
    """The longest of three: Little's law with all of `concurrency` in flight, and the account's two quotas."""
    entry = share.endpoint.entry
    bounds: list[Interval] = []
    latency = latency_s(share)
    if latency is not None:
        bounds.append((share.calls * latency).scaled(1 / generate.concurrency / 3600))
    if entry.requests_per_minute is not None:
        bounds.append(share.calls.scaled(1 / entry.requests_per_minute / 60))
    if entry.tokens_per_minute is not None:
        bounds.append((share.input_tokens + share.output_tokens).scaled(1 / entry.tokens_per_minute / 60))
    if not bounds:
        return None
    return largest(bounds)


def _jobs(share: Share, limits: PartLimits) -> int:
    # By the high ends: the most jobs is what is said.
    size = share.input_bytes.high + share.calls.high * LINE_BYTES
    return ceil(max(share.calls.high / limits.max_requests, size / limits.max_bytes))
