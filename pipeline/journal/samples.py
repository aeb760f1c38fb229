"""Samples that a run wants of its teachers, each with the request that answers it, in chains.

A chain is a tuple of samples of which one good answer is wanted: the first is asked, and the next only where the one
before refused or failed. Only a recipe that falls back has chains of more than one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prompts.digest import digest
from teachers.base import Outcome, Request


@dataclass(slots=True, frozen=True)
class SampleRequest:
    """One sample: a prompt, the request for one of its replies, and what is known beside it."""

    prompt_id: str
    request: Request
    samples: int
    gold: str | None
    group: str | None
    endpoint: int = 0
    """Which of the recipe's teachers is asked."""

    @property
    def sample_id(self) -> str:
        """Digests the prompt and the whole request."""
        return digest([self.prompt_id, self.request.key])


FallbackChain = tuple[SampleRequest, ...]

# A refusal, a filter or a failure is what a chain is for; half an answer is still this teacher's.
SETTLING: frozenset[Outcome] = frozenset({"ok", "truncated"})
"""Outcomes after which the next teacher of a chain is not asked."""


def owed_of(chain: FallbackChain, outcomes: Mapping[str, str]) -> FallbackChain:
    """Returns what of a chain is still to be asked, given the journal's reply outcomes by request key."""
    if any(outcomes.get(item.request.key) in SETTLING for item in chain):
        return ()
    return tuple(item for item in chain if item.request.key not in outcomes)
