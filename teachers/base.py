"""What a teacher is: one async method, and capabilities as data."""

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
"""How an attempt ended. `ok`, `refused`, `truncated` and `filtered` are answers; `unknown` was sent, never answered."""

ANSWERS: frozenset[Outcome] = frozenset({"ok", "refused", "truncated", "filtered"})


@dataclass(slots=True, frozen=True)
class Identity:
    """Who answers: everything about the endpoint that changes the answer, and its terms."""

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
    """How many alternatives per token to ask for; 0 asks for no logprobs at all."""


@dataclass(frozen=True)
class Request:
    """A prompt plus everything that changes the answer."""

    identity: Identity
    messages: Conversation
    sampling: Sampling = Sampling()
    schema: str | None = None
    """A JSON schema the reply must satisfy, as canonical JSON."""
    sample_index: int = 0

    @cached_property
    def key(self) -> str:
        """The digest of the whole request. Adapter version and terms do not change an answer."""
        who, how = self.identity, self.sampling
        return digest(
            {
                "endpoint": [who.provider, who.model, who.base_url, who.api_version],
                "messages": to_dicts(self.messages),
                "sampling": [how.temperature, how.top_p, how.max_tokens, how.seed, how.top_logprobs],
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
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(slots=True, frozen=True)
class Reply:
    """What came back for a request. `outcome` is one of ANSWERS: what is no answer is raised."""

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


@dataclass(slots=True, frozen=True)
class Capabilities:
    """What a teacher can honour, with where that is written and when it was read."""

    top_logprobs: int = 0
    """The most alternatives per token it returns; 0: no logprobs."""
    temperature: bool = True
    top_p: bool = True
    seed: bool = False
    schema: bool = False
    system: bool = True
    source: str = ""
    read_on: str = ""


class Teacher(Protocol):
    """Anything that answers a request. Wrappers around a teacher are teachers too."""

    @property
    def identity(self) -> Identity:
        """Who answers."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can honour."""

    async def complete(self, request: Request) -> Reply:
        """Answers one request; raises TeacherError and nothing else. Safe to call concurrently."""

    async def close(self) -> None:
        """Frees sockets, threads and memory; safe to call twice."""
