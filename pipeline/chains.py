"""Who is asked what: each prompt's requests, in chains.

A chain is a tuple of samples of which one good answer is wanted: the first is asked, and the next only where
the one before refused or failed. All but `fallback` have chains of one.

    all, vote, best    prompt x teacher x sample, a chain each
    route              prompt x sample, at the teacher that the prompt's column or digest chooses
    fallback           prompt x sample, each a chain through all teachers
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from pipeline.recipe import Recipe
from pipeline.seats import Seat
from pipeline.wanted import Wanted
from prompts.digest import share_of
from prompts.errors import InputError
from prompts.prompt import Prompt
from teachers.base import Outcome, Request

Chain = tuple[Wanted, ...]

SETTLING: frozenset[Outcome] = frozenset({"ok", "truncated"})
"""Outcomes after which the next teacher of a chain is not asked."""


def chains_of(prompts: Iterable[Prompt], seats: Sequence[Seat], recipe: Recipe) -> Iterator[Chain]:
    """Every chain of the recipe, prompt by prompt; InputError for a prompt that no route takes."""
    samples, combine = recipe.generate.samples, recipe.combine
    for prompt in prompts:
        chosen = [_route(prompt, seats, recipe)] if combine.how == "route" else range(len(seats))
        for index in range(samples):
            chain = tuple(_wanted(prompt, seats[seat], seat, index, samples) for seat in chosen)
            yield from [chain] if combine.how == "fallback" else [(one,) for one in chain]


def owed_of(chain: Chain, outcomes: Mapping[str, str]) -> Chain:
    """What of a chain is still to be asked, given the journal's reply outcomes by request key."""
    if any(outcomes.get(item.request.key) in SETTLING for item in chain):
        return ()
    return tuple(item for item in chain if item.request.key not in outcomes)


def _wanted(prompt: Prompt, seat: Seat, number: int, index: int, samples: int) -> Wanted:
    """Sample i of a prompt is sent the seed + i, where there is a seed."""
    seed = None if seat.sampling.seed is None else seat.sampling.seed + index
    sampling = replace(seat.sampling, seed=seed)
    request = Request(seat.who.identity, prompt.messages, sampling, seat.schema, index)
    return Wanted(prompt.id, request, samples, prompt.gold, prompt.group, number)


def _route(prompt: Prompt, seats: Sequence[Seat], recipe: Recipe) -> int:
    combine = recipe.combine
    if combine.by is None:
        # By digest: a prompt goes to the same teacher whatever else is in the source.
        place = share_of(["route", prompt.id])
        bounds = accumulate(combine.shares(len(seats)))
        return next((seat for seat, bound in enumerate(bounds) if place < bound), len(seats) - 1)
    name = combine.routes.get(prompt.route or "", combine.routes.get("*"))
    if name is None:
        raise InputError(
            f"has no teacher for the value {prompt.route!r} of '{combine.by}'",
            field="combine.routes",
            remedy='Add it, or "*" for every other value',
        )
    return [seat.entry.label for seat in seats].index(name)
