"""Rescoring: an open teacher gives its own token logprobs to replies whose teacher gave none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.context import Context
from pipeline.journal import Journal, texts_without_tokens
from pipeline.recipe import Recipe
from pipeline.seats import PROBE, Seat
from pipeline.session import ask
from pipeline.wanted import Wanted
from teachers.arrival import check_supported
from teachers.base import Request, Sampling
from teachers.catalog import describe


async def rescore(context: Context, journal: Journal, samples: Sequence[Wanted]) -> None:
    """Scores every whole reply that has no logprobs of its own; the journal keeps both, and who scored."""
    seat = scoring_seat(context.recipe)
    if seat is None:
        await journal.want_scored(())
        return
    by_key = {item.request.key: item for item in samples}
    wanted = {item.request.key: item for item in _scorings(seat, by_key, journal)}
    spec = str(seat.who.spec)
    await journal.want_scored((item.prompt_id, key, spec) for key, item in wanted.items())
    known = journal.outcomes()
    owed = [(item,) for key, item in wanted.items() if key not in known]
    if owed:
        await ask(context, journal, "rescore", {0: seat}, owed)


def scoring_seat(recipe: Recipe) -> Seat | None:
    """The rescorer described; Unsupported where it cannot score a text. None where the recipe has none."""
    if recipe.rescore is None:
        return None
    entry = recipe.rescore.teacher
    who = describe(entry.to_spec())
    sampling = Sampling(top_logprobs=recipe.rescore.top_logprobs)
    check_supported(who, Request(who.identity, PROBE[1:], sampling, continuation="x"))
    return Seat(entry, who, sampling, None)


def _scorings(seat: Seat, samples: Mapping[str, Wanted], journal: Journal) -> Iterator[Wanted]:
    """A scoring request for each reply; its `prompt_id` is the key of the request that was replied to."""
    for key, text in texts_without_tokens(journal.path):
        if key in samples:
            asked = samples[key].request
            request = Request(seat.who.identity, asked.messages, seat.sampling, continuation=text)
            yield Wanted(key, key, request, 1, None, None)
