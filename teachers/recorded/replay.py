"""A teacher that repeats recorded replies, at no cost: our own JSONL, or what a provider logged.

    {"messages": [{"role": "user", "content": "..."}], "reply": "..."}

A request is answered by the record whose messages equal its own. Where several do, the sample index
chooses among them in the file's order. What was counted, how it ended and the provider's request id come with
the reply; a cost does not, for nothing is paid now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.logs.logged import Logged
from prompts.logs.read import Skipped, read_logs
from prompts.messages import to_dicts
from teachers.arrival import check_supported
from teachers.base import Identity, Reply, Request, Usage
from teachers.capabilities import capabilities_of
from teachers.errors import InvalidRequest
from teachers.spec import Spec
from teachers.terms import terms_of


@dataclass(slots=True, frozen=True)
class Recording:
    """The replies of a file or folder."""

    identity: Identity
    replies: dict[str, list[Reply]]
    """By the digest of the messages, in the file's order."""
    skipped: str
    """In words: the records that hold no reply to a conversation of text, and why."""


class ReplayTeacher:
    """Answers from a file; what it was not asked then it cannot answer now."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self._recording = recording_of(spec)
        self.identity = self._recording.identity
        self.capabilities = capabilities_of(spec)

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the file, its digest, and the terms of those who replied; InputError where there is no reply."""
        return recording_of(spec).identity

    async def complete(self, request: Request) -> Reply:
        """Returns the recorded reply; InvalidRequest where these messages were never answered that often."""
        check_supported(self, request)
        known = self._recording.replies.get(digest(to_dicts(request.messages)), [])
        if request.sample_index >= len(known):
            asked = f"{request.messages[-1].content[:80]!r}"
            remedy = self._recording.skipped or None
            raise InvalidRequest(f"{len(known)} replies are recorded for {asked}", provider="replay", remedy=remedy)
        return known[request.sample_index]

    async def close(self) -> None:
        """Nothing to free."""


def recording_of(spec: Spec) -> Recording:
    """Reads the spec's file or folder; InputError where no record of it has a reply."""
    path = Path(spec.model)
    return _recording(spec.model, digest_file(path) if path.exists() else "")


@lru_cache(maxsize=4)
def _recording(model: str, version: str) -> Recording:
    """Read once for the same bytes: a teacher is described many times, and a log may be large."""
    skipped = Skipped()
    replies: defaultdict[str, list[Reply]] = defaultdict(list)
    sources: dict[Spec, None] = {}
    for call in read_logs(Path(model), skipped):
        if call.reply is None:
            skipped.add("no_reply", call.where)
            continue
        replies[digest(to_dicts(call.messages))].append(_reply(call, call.reply))
        if call.provider and call.model:
            sources.setdefault(Spec(call.provider, call.model))
    if not replies:
        raise InputError(str(skipped), path=model, remedy="Give a log that has the replies too")
    identity = Identity("replay", model, api_version=f"sha256:{version[:12]}", terms=_terms(sources))
    return Recording(identity, dict(replies), str(skipped))


def _reply(call: Logged, text: str) -> Reply:
    usage = Usage(**asdict(call.usage))
    return Reply(text, call.ended, call.finish_reason, usage=usage, request_id=call.request_id)


def _terms(sources: Iterable[Spec]) -> str | None:
    """Whose replies these are, by rule; None where the log does not say."""
    by_rule: defaultdict[str, list[str]] = defaultdict(list)
    for spec in sources:
        by_rule[terms_of(spec) or "no rule known"].append(str(spec))
    return "; ".join(f"recorded from {', '.join(names)}: {rule}" for rule, names in by_rule.items()) or None
