"""A request inside the decoder: one row that is written token by token, or scored all at once.

Shapes: C columns, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from prompts.token_bytes import whole_characters
from teachers.base import Outcome, Reply, TokenLogprob, Usage
from teachers.local.batching import Ticket
from teachers.local.sampling import choose, kept_tokens

BytesOf = Callable[[int], bytes]


@dataclass(slots=True, eq=False)
class DecodingRow:
    """A row of either kind: its ids, and the count of them that the decoder has read."""

    ticket: Ticket
    ids: list[int]
    bytes_of: BytesOf
    wanted: int = 1
    """The last unread columns whose distributions it takes."""
    read: int = 0
    cached: int = 0
    """Those of its ids that were read once for several rows."""
    tokens: list[TokenLogprob] = field(default_factory=list)

    @property
    def unread(self) -> list[int]:
        """The ids that the decoder is to be fed next."""
        return self.ids[self.read :]

    def take(self, logprobs_CV: torch.Tensor) -> Reply | None:
        """Returns the next wanted distributions; the reply, once it is whole. Raises ValueError, RuntimeError."""
        raise NotImplementedError

    def restart(self) -> None:
        """The decoder has forgotten it; what was written stays written."""
        self.read = self.cached = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Writer(DecodingRow):
    """Samples until a stop token or its limit."""

    prompt_tokens: int
    limit: int
    stops: frozenset[int]
    random: torch.Generator

    def take(self, logprobs_CV: torch.Tensor) -> Reply | None:
        """Chooses one token."""
        how = self.ticket.request.sampling
        chosen = choose(logprobs_CV[-1], how, self.random)
        if chosen in self.stops:
            # The stop token was generated, and providers count it; it is no part of the text.
            return self._reply("ok", len(self.tokens) + 1)
        self.tokens += kept_tokens(logprobs_CV[-1:], [chosen], how.top_logprobs, self.bytes_of)
        self.ids.append(chosen)
        if len(self.tokens) == self.limit:
            return self._reply("truncated", len(self.tokens))
        return None

    def _reply(self, outcome: Outcome, generated: int) -> Reply:
        # A limit, or the sampling itself, can end inside a character of several tokens.
        tokens = self.tokens[: whole_characters([token.bytes for token in self.tokens])]
        return Reply(
            text=b"".join(token.bytes for token in tokens).decode("utf-8", "replace"),
            outcome=outcome,
            finish_reason="stop" if outcome == "ok" else "length",
            tokens=tuple(tokens) if self.ticket.request.sampling.top_logprobs else (),
            usage=Usage(self.prompt_tokens, self.cached, generated),
        )


@dataclass(slots=True, eq=False, kw_only=True)
class Scorer(DecodingRow):
    """Takes the distributions before each token of a given text."""

    prompt_tokens: int
    given: list[int]
    text: str

    def take(self, logprobs_CV: torch.Tensor) -> Reply | None:
        """Reads off the given tokens' logprobs, in pieces."""
        now = self.given[len(self.tokens) : len(self.tokens) + len(logprobs_CV)]
        if bool(logprobs_CV.isnan().any()):
            raise ValueError("the model's probabilities are not numbers")
        self.tokens += kept_tokens(logprobs_CV, now, self.ticket.request.sampling.top_logprobs, self.bytes_of)
        if len(self.tokens) < len(self.given):
            return None
        usage = Usage(self.prompt_tokens, self.cached, len(self.given))
        return Reply(self.text, tokens=tuple(self.tokens), usage=usage)

    def restart(self) -> None:
        """A text is scored anew."""
        super().restart()
        self.tokens = []
