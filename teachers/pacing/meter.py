"""The time and the cost of a reply: a teacher around a teacher."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from teachers.base import Identity, Reply, Request, Teacher, Usage
from teachers.pacing.wrapper import Wrapper
from teachers.spec import is_loopback


@dataclass(slots=True, frozen=True)
class Price:
    """Dollars per million tokens."""

    input: float
    output: float
    cached: float | None = None
    """For input tokens the provider had cached; None: as any input."""
    cache_write: float | None = None
    """For input tokens the provider wrote to its cache; None: as any input."""

    def cost_usd(self, usage: Usage) -> float | None:
        """Returns a reply's cost; None where the provider did not count its tokens."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        # A server's counts may contradict each other: no part of the input is more than is left of it.
        cached = min(usage.cached_tokens or 0, usage.input_tokens)
        written = min(usage.cache_write_tokens or 0, usage.input_tokens - cached)
        dollars = (usage.input_tokens - cached - written) * self.input + usage.output_tokens * self.output
        dollars += cached * _or(self.cached, self.input) + written * _or(self.cache_write, self.input)
        return dollars / 1_000_000


class Metered(Wrapper):
    """Adds latency and cost to each reply. Without a `price` genai-prices' table is read; no network."""

    def __init__(self, teacher: Teacher, price: Price | None = None) -> None:
        super().__init__(teacher)
        self._price = price

    async def complete(self, request: Request) -> Reply:
        """Answers; what fails costs nothing that is known here."""
        started = time.perf_counter()
        reply = await self._teacher.complete(request)
        latency_s = time.perf_counter() - started
        return replace(reply, latency_s=latency_s, cost_usd=cost_usd(self.identity, reply.usage, self._price))


def cost_usd(identity: Identity, usage: Usage, price: Price | None = None) -> float | None:
    """Returns dollars for a reply with this usage; None where no price is known (a local model has none)."""
    if price is not None:
        return price.cost_usd(usage)
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    return _listed_cost_usd(identity, usage)


def batch_cost_usd(identity: Identity, usage: Usage, share: float, price: Price | None = None) -> float | None:
    """Returns the same for a reply that came in a batch. `share` is Capabilities.batch_price.

    genai-prices knows some models' batch prices, whose cached tokens may cost another share; it goes first.
    """
    dollars = cost_usd(identity, usage, price)
    if dollars is None:
        return None
    if price is None:
        listed = _listed_cost_usd(identity, usage, {"processing": "batch"})
        if listed is not None and listed < dollars:  # where it knows no batch price it gives the other
            return listed
    return dollars * share


def _listed_cost_usd(identity: Identity, usage: Usage, context: Mapping[str, str] | None = None) -> float | None:
    # No list has a price for a server on this machine, and loading the list takes a tenth of a second.
    if identity.base_url is not None and is_loopback(identity.base_url):
        return None
    from genai_prices import Usage as Counted
    from genai_prices import calc_price

    counted = Counted(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
    )
    try:
        if identity.base_url is None:
            price = calc_price(counted, identity.model, provider_id=identity.provider, price_context=context)
        else:
            price = calc_price(counted, identity.model, provider_api_url=identity.base_url, price_context=context)
    # A model or a provider that the list does not know; a usage that it cannot price.
    except (LookupError, ValueError):
        return None
    return float(price.total_price)


def _or(price: float | None, other: float) -> float:
    if price is None:
        return other
    return price
