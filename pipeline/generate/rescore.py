"""Rescoring: an open teacher gives its own token logprobs to replies whose teacher gave none."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.inference.endpoints import ConfiguredTeacher, configure_scorer
from pipeline.inference.session import Session, ask
from pipeline.journal.journal import Journal
from pipeline.journal.read import Unscored
from pipeline.journal.samples import FallbackChain, SampleRequest
from pipeline.run.context import Context
from teachers.base import Request


async def rescore(context: Context, journal: Journal) -> None:
    """Scores every whole reply that has no logprobs of its own; the journal keeps both, and who scored."""
    endpoint = configure_scorer(context.recipe)
    if endpoint is None:
        await journal.want_scored(())
        return
    spec = str(endpoint.description.spec)
    await journal.want_scored((reply.request_key, _scoring(endpoint, reply).key, spec) for reply in journal.unscored())
    if owed := journal.count_owed_scores():
        session = Session(context, journal, "rescore", {0: endpoint})
        await ask(session, {0: _owed_scorings(endpoint, journal)}, owed)


def _scoring(endpoint: ConfiguredTeacher, reply: Unscored) -> Request:
    return Request(endpoint.description.identity, reply.messages, endpoint.sampling, continuation=reply.text)


def _owed_scorings(endpoint: ConfiguredTeacher, journal: Journal) -> Iterator[FallbackChain]:
    """The scorings without a reply; their `prompt_id` is the key of the request that was replied to.

    Two replies can be one text to one conversation: what was sent once in this sitting is not sent again.
    """
    sent: set[str] = set()
    for reply in journal.unscored():
        request = _scoring(endpoint, reply)
        if request.key in sent or journal.answered([request.key]):
            continue
        sent.add(request.key)
        yield (SampleRequest(reply.request_key, request, 1, None, None),)
