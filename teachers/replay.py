"""A teacher that repeats recorded replies: a JSONL file of `{"messages": [...], "reply": "..."}`.

A request is answered by the record whose messages equal its own. Where several do, the sample index
chooses among them in the file's order.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from prompts.digest import digest, digest_file
from prompts.messages import to_dicts
from teachers.arrival import check_supported
from teachers.base import Identity, Reply, Request
from teachers.capabilities import capabilities_of
from teachers.errors import InvalidRequest
from teachers.jsonl import read_records
from teachers.spec import Spec


class Turn(BaseModel):
    """One recorded message."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    """Who spoke."""
    content: str
    """What was said."""


class Record(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Turn]
    """The whole conversation that was sent, system turn included."""
    reply: str
    """What came back."""


class ReplayTeacher:
    """Answers from a file; what it was not asked then it cannot answer now."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._replies: defaultdict[str, list[str]] = defaultdict(list)
        for _, record in read_records(Path(spec.model), Record):
            self._replies[digest([turn.model_dump() for turn in record.messages])].append(record.reply)

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """The file, and the digest of what it holds; InputError for its first bad line."""
        for _ in read_records(Path(spec.model), Record):
            pass
        return Identity("replay", spec.model, api_version=f"sha256:{digest_file(Path(spec.model))[:12]}")

    async def complete(self, request: Request) -> Reply:
        """The recorded reply; InvalidRequest where these messages were never answered that often."""
        check_supported(self, request)
        known = self._replies.get(digest(to_dicts(request.messages)), [])
        if request.sample_index >= len(known):
            asked = f"{request.messages[-1].content[:80]!r}"
            raise InvalidRequest(f"{len(known)} replies are recorded for {asked}", provider="replay")
        return Reply(known[request.sample_index], finish_reason="stop")

    async def close(self) -> None:
        """Nothing to free."""
