"""A teacher: one async method, and capabilities as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

from prompts.digest import digest
from prompts.messages import Conversation, to_dicts

Outcome = Literal[
    "ok",
    "refused",
    "truncated",
    "filtered",
    "malformed",
    "transient",
    "rate_limited",
    "auth",
    "invalid",
    "unknown",
]
"""The ending of an attempt.

`ok`, `refused`, `truncated` and `filtered` are answers; `unknown` was sent, never answered.
"""

ANSWERS: frozenset[Outcome] = frozenset({"ok", "refused", "truncated", "filtered"})


@dataclass(slots=True, frozen=True)
class Identity:
    """The one who answers: everything about the endpoint that changes the answer, and its terms."""

    provider: str
    model: str
    base_url: str | None = None
    api_version: str | None = None
    """The API's version; for a local model the digest of its weights."""
    adapter_version: int = 1
    terms: str | None = None
    """The provider's rule for training on its output, in one sentence."""


@dataclass(slots=True, frozen=True)
class Sampling:
    """Sampling parameters; None leaves a parameter to the provider and sends nothing."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    top_logprobs: int = 0
    """The alternatives per token to ask for; 0 asks for no logprobs at all."""
    reasoning_effort: str | None = None
    """The effort of a reasoning model, in the provider's own word: none, low, medium, high."""


# Without slots: `key` is kept in the instance's own dict once it was asked for.
@dataclass(frozen=True)
class Request:
    """A prompt plus everything that changes the answer."""

    identity: Identity
    messages: Conversation
    sampling: Sampling = Sampling()
    schema: str | None = None
    """A JSON schema the reply must satisfy, as canonical JSON."""
    sample_index: int = 0
    continuation: str | None = None
    """A text to score instead of sampling one: the reply's tokens are its teacher-forced logprobs."""

    @cached_property
    def key(self) -> str:
        """The digest of the whole request. Adapter version and terms do not change an answer."""
        who, how = self.identity, self.sampling
        return digest(
            {
                "endpoint": [who.provider, who.model, who.base_url, who.api_version],
                "messages": to_dicts(self.messages),
                "sampling": [how.temperature, how.top_p, how.max_tokens, how.seed, how.top_logprobs],
                "reasoning_effort": how.reasoning_effort,
                "continuation": self.continuation,
                "schema": self.schema,
                "sample": self.sample_index,
            }
        )


@dataclass(slots=True, frozen=True)
class Alternative:
    """A token that could have stood at a position."""

    bytes: bytes
    logprob: float
    id: int | None = None


@dataclass(slots=True, frozen=True)
class TokenLogprob:
    """A sampled token, in the teacher's own vocabulary, and its most likely alternatives."""

    bytes: bytes
    logprob: float
    id: int | None = None
    top: tuple[Alternative, ...] = ()


@dataclass(slots=True, frozen=True)
class Usage:
    """Tokens as the provider counted them; None where it did not say."""

    input_tokens: int | None = None
    """All of the prompt, whatever part of it came from a cache or went into one."""
    cached_tokens: int | None = None
    """Those of the input read from the provider's cache."""
    output_tokens: int | None = None
    """All that was generated, reasoning included."""
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None
    """Those of the input written to the provider's cache, where that has a price of its own."""


@dataclass(slots=True, frozen=True)
class Allowance:
    """One of an account's limits as the server told it; None where it did not say."""

    limit: float | None = None
    """The most there can be."""
    remaining: float | None = None
    """Left when the server answered."""
    reset_s: float | None = None
    """Seconds until all of it is there again."""


@dataclass(slots=True, frozen=True)
class Limits:
    """The account's limits, as far as the server said what is left of them."""

    requests: Allowance = Allowance()
    tokens: Allowance = Allowance()


@dataclass(slots=True, frozen=True)
class Reply:
    """The answer to a request. `outcome` is one of ANSWERS: what is no answer is raised."""

    text: str
    outcome: Outcome = "ok"
    finish_reason: str | None = None
    tokens: tuple[TokenLogprob, ...] = ()
    usage: Usage = Usage()
    latency_s: float | None = None
    """Seconds from sending to the whole answer, as seen by the caller."""
    request_id: str | None = None
    cost_usd: float | None = None
    """None when no price is known, never 0 by guess."""
    warnings: tuple[str, ...] = field(default=())
    limits: Limits | None = field(default=None, compare=False, repr=False)
    """The account's limits as the server told them: for the pace, and never journaled."""


@dataclass(slots=True, frozen=True)
class Capabilities:
    """The things a teacher can honour, with where that is written and when it was read."""

    top_logprobs: int = 0
    """The most alternatives per token it returns; 0: no logprobs."""
    temperature: bool = True
    top_p: bool = True
    seed: bool = False
    schema: bool = False
    system: bool = True
    efforts: tuple[str, ...] = ()
    """The reasoning efforts it takes; none: it takes no such parameter."""
    plain_efforts: tuple[str, ...] = ()
    """The efforts under which it takes temperature, top_p and logprobs; empty: whatever the effort."""
    default_effort: str = ""
    """The effort it uses where none is asked for."""
    min_max_tokens: int = 1
    """The least `max_tokens` it takes."""
    needs_max_tokens: bool = False
    """It answers nothing that has no `max_tokens`."""
    score: bool = False
    """It gives teacher-forced logprobs of a text: `Request.continuation`."""
    batch: bool = False
    """The provider has a batch lane for it."""
    batch_price: float = 1.0
    """A request's price in that lane, as a share of its price outside it."""
    caching: bool = False
    """A prefix shared by many prompts is charged at a reduced price."""
    api: str = ""
    """The API that is spoken to it, where its provider has several: chat, responses, converse, invoke."""
    source: str = ""
    read_on: str = ""


class Teacher(Protocol):
    """Anything that answers a request. Wrappers around a teacher are teachers too."""

    @property
    def identity(self) -> Identity:
        """The one who answers."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities it has."""

    async def complete(self, request: Request) -> Reply:
        """Answers one request; raises TeacherError and nothing else. Safe to call concurrently."""

    async def close(self) -> None:
        """Frees sockets, threads and memory; safe to call twice."""
