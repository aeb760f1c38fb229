"""One teacher's part of a plan: calls, tokens in and out, each an interval, and what they were estimated from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.plan.estimate import Interval, count_of, exactly, sum_of
from pipeline.plan.past import ENOUGH, PastUsage
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
    """One teacher's part, over all calls that are owed."""

    endpoint: ConfiguredTeacher
    past: PastUsage
    calls: Interval
    input_bytes: Interval
    input_tokens: Interval
    output_tokens: Interval
    worst_usd: dict[str, float]
    """At most, by lane; a lane without a known price is left out."""
    remarks: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Asked:
    """A teacher, and how it will be asked."""

    endpoint: ConfiguredTeacher
    past: PastUsage
    calls: Interval
    waits: bool = False
    """Whether it may never be asked, as where an earlier teacher refuses nothing."""


def share_of(asked: Asked, owed: Owed, sample: Sample) -> Share:
    """Returns a teacher's share of all prompts, from what the sampled ones owe it."""
    population, calls = sample.population, asked.calls
    size = sum_of(owed.bytes_N, population)
    tokens_in = _input_tokens(asked.past, size, sum_of(owed.turns_N, population))
    tokens_out = _output_tokens(asked)
    worst_usd = {lane: sum_of(dollars_N, population).high for lane, dollars_N in owed.worst_usd_N.items()}
    # Repeats are asked once, and of how many there are beyond the sample nothing is known.
    floor = 0.0 if asked.waits else sample.distinct_share

    return Share(
        endpoint=asked.endpoint,
        past=asked.past,
        calls=_down_to(floor, calls),
        input_bytes=_down_to(floor, size),
        input_tokens=_down_to(floor, tokens_in),
        output_tokens=_down_to(floor, calls * tokens_out),
        worst_usd=worst_usd,
        remarks=tuple(_remarks(asked, tokens_out)) if calls.high else (),
    )


def calls_of(owed: Owed, sample: Sample, recipe: Recipe, *, untouched: bool) -> Interval:
    """Returns the calls owed; `untouched` says that the journal has no answer.

    Prompts differ in what they owe only by a route, or by answers: without either nothing is to be estimated.
    """
    samples = recipe.generate.samples
    if untouched and recipe.combine.how != "route":
        return exactly(samples * sample.population)
    return count_of(owed.calls_N, samples, sample.population)


def _down_to(floor: float, amount: Interval) -> Interval:
    """The amount, or as little as that share of it: then nothing is expected."""
    if floor == 1:
        return amount
    return Interval(floor * amount.low, None, amount.high)


def _input_tokens(past: PastUsage, size: Interval, turns: Interval) -> Interval:
    per_byte = past.tokens_per_byte()
    if per_byte is None:
        # What is measured holds the template's marks already; what is assumed does not.
        return size * TOKENS_PER_BYTE + turns * TOKENS_PER_MESSAGE
    return size * per_byte


def _output_tokens(asked: Asked) -> Interval:
    """A call's."""
    cap = asked.endpoint.sampling.max_tokens
    # Without measured replies nothing is known but the cap; one token is the least that an answer has.
    most = inf if cap is None else cap
    measured = asked.past.output_tokens(asked.calls.high)
    if measured is not None:
        return measured.within(0, most)
    return exactly(1) if cap == 1 else Interval(1, None, most)


def _remarks(asked: Asked, tokens_out: Interval) -> Iterator[str]:
    """Yields what the figures rest on."""
    label, past = asked.endpoint.entry.label, asked.past
    if asked.waits:
        yield f"{label} is asked only where the teacher before it refuses or fails: from never to always"
    if past.tokens_per_byte() is None:
        yield (
            f"{label}: tokens in are taken as {1 / TOKENS_PER_BYTE.high:g} to {1 / TOKENS_PER_BYTE.low:g} bytes each; "
            f"{ENOUGH} replies that count them would tell"
        )
    replies, expected = len(past.output_tokens_N), tokens_out.expected
    if replies >= ENOUGH and expected is not None:
        ends = f"{tokens_out.low:,.1f} to {tokens_out.high:,.1f}"
        yield f"{label}: {expected:,.1f} tokens out a call ({ends}), by {replies:,} replies"
    else:
        yield (
            f"{label}: tokens out may be from 1 a call to max_tokens. To know, ask a few first: "
            "stillhouse generate RECIPE --set prompts.limit=50"
        )
