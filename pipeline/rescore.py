"""Rescoring: an open teacher gives its own token logprobs to replies whose teacher gave none."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.chains import Chain
from pipeline.context import Context
from pipeline.journal import Journal
from pipeline.journal.read import Unscored
from pipeline.recipe import Recipe
from pipeline.seats import PROBE, Seat
from pipeline.session import ask
from pipeline.wanted import Wanted
from teachers.arrival import check_supported
from teachers.base import Request, Sampling
from teachers.catalog import describe


async def rescore(context: Context, journal: Journal) -> None:
    """Scores every whole reply that has no logprobs of its own; the journal keeps both, and who scored."""
    seat = scoring_seat(context.recipe)
    if seat is None:
        await journal.want_scored(())
        return
    spec = str(seat.who.spec)
    await journal.want_scored((found.request_key, _scoring(seat, found).key, spec) for found in journal.unscored())
    if owed := journal.count_owed_scores():
        await ask(context, journal, "rescore", {0: seat}, {0: _owed_scorings(seat, journal)}, owed)


def scoring_seat(recipe: Recipe) -> Seat | None:
    """The rescorer described; Unsupported where it cannot score a text. None where the recipe has none."""
    if recipe.rescore is None:
        return None
    entry = recipe.rescore.teacher
    who = describe(entry.to_spec())
    sampling = Sampling(top_logprobs=recipe.rescore.top_logprobs)
    check_supported(who, Request(who.identity, PROBE[1:], sampling, continuation="x"))
    return Seat(entry, who, sampling, None)


def _scoring(seat: Seat, found: Unscored) -> Request:
    return Request(seat.who.identity, found.messages, seat.sampling, continuation=found.text)


def _owed_scorings(seat: Seat, journal: Journal) -> Iterator[Chain]:
    """The scorings without a reply; their `prompt_id` is the key of the request that was replied to.

    Two replies can be one text to one conversation: what was sent once in this sitting is not sent again.
    """
    sent: set[str] = set()
    for found in journal.unscored():
        request = _scoring(seat, found)
        if request.key not in sent and not journal.answered([request.key]):
            sent.add(request.key)
            yield (Wanted(found.request_key, request, 1, None, None),)
