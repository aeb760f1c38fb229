"""One teacher's part of a plan: calls, tokens in and out, each an interval, and what they were estimated from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.plan.estimate import Interval, count_of, exactly, sum_of
from pipeline.plan.measured import ENOUGH, PastUsage
from pipeline.plan.sample import Owed, Sample
from pipeline.recipe.recipe import Recipe

TOKENS_PER_BYTE = Interval(1 / 5, 1 / 3.5, 1 / 2.5)
"""SmolLM2's vocabulary of 49,000 takes 2.6 bytes a token of the quickstart's e-mails, 3.4 of our documentation and 3.7
of our source. Larger vocabularies take more: 4 characters of common English, says
https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them"""

TOKENS_PER_MESSAGE = Interval(3, 4, 5)
"""For the marks that a chat template puts around a turn; OpenAI's take 3 or 4, Llama's 5."""


@dataclass(slots=True, frozen=True)
class Share:
    """What one teacher is asked for, over all calls that are owed."""

    endpoint: ConfiguredTeacher
    measured: PastUsage
    calls: Interval
    input_bytes: Interval
    input_tokens: Interval
    output_tokens: Interval
    worst_usd: dict[str, float]
    """At most, by lane; a lane without a known price is left out."""
    remarks: tuple[str, ...]


def share_of(
    endpoint: ConfiguredTeacher, owed: Owed, measured: PastUsage, sample: Sample, calls: Interval, *, waits: bool
) -> Share:
    """A teacher's share. `waits`: it may never be asked, as where an earlier one refuses nothing."""
    size = sum_of(owed.bytes_N, sample.population)
    per_byte = measured.tokens_per_byte()
    if per_byte is None:
        tokens_in = size * TOKENS_PER_BYTE + sum_of(owed.turns_N, sample.population) * TOKENS_PER_MESSAGE
    else:
        tokens_in = size * per_byte
    each = _output_tokens(endpoint, measured, calls)
    worst = {lane: sum_of(dollars_N, sample.population).high for lane, dollars_N in owed.worst_usd_N.items()}
    remarks = tuple(_remarks(endpoint, measured, each, waits=waits)) if calls.high else ()
    floor = 0.0 if waits else sample.distinct_share

    def loose(amount: Interval) -> Interval:
        return amount if floor == 1 else Interval(floor * amount.low, None, amount.high)

    return Share(endpoint, measured, loose(calls), loose(size), loose(tokens_in), loose(calls * each), worst, remarks)


def calls_of(owed: Owed, sample: Sample, recipe: Recipe, *, untouched: bool) -> Interval:
    """Calls owed. Prompts differ in what they owe only by a route, or by answers: `untouched` says there are none."""
    samples = recipe.generate.samples
    if untouched and recipe.combine.how != "route":
        return exactly(samples * sample.population)
    return count_of(owed.calls_N, samples, sample.population)


def _output_tokens(endpoint: ConfiguredTeacher, measured: PastUsage, calls: Interval) -> Interval:
    """A call's."""
    cap = inf if endpoint.sampling.max_tokens is None else endpoint.sampling.max_tokens
    each = measured.output_tokens(calls.high)
    return Interval(1, 1 if cap == 1 else None, cap) if each is None else each.within(0, cap)


def _remarks(endpoint: ConfiguredTeacher, measured: PastUsage, each: Interval, *, waits: bool) -> Iterator[str]:
    """What the figures rest on."""
    label = endpoint.entry.label
    if waits:
        yield f"{label} is asked only where the teacher before it refuses or fails: from never to always"
    if measured.tokens_per_byte() is None:
        yield (
            f"{label}: tokens in are taken as {1 / TOKENS_PER_BYTE.high:g} to {1 / TOKENS_PER_BYTE.low:g} bytes each; "
            f"{ENOUGH} replies that count them would tell"
        )
    if len(measured.output_tokens_N) >= ENOUGH and each.expected is not None:
        ends = f"{each.low:,.1f} to {each.high:,.1f}"
        yield f"{label}: {each.expected:,.1f} tokens out a call ({ends}), by {len(measured.output_tokens_N):,} replies"
    else:
        yield (
            f"{label}: tokens out may be from 1 a call to max_tokens. To know, ask a few first: "
            "stillhouse generate RECIPE --set prompts.limit=50"
        )
