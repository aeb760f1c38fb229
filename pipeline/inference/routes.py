"""Who is asked what: each prompt's requests, in chains of which one good answer is wanted.

all, vote, best    prompt x teacher x sample, a chain each
route              prompt x sample, at the teacher that the prompt's column or digest chooses
fallback           prompt x sample, each a chain through all teachers
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.journal.samples import FallbackChain, SampleRequest
from pipeline.recipe.recipe import Recipe
from prompts.digest import share_of
from prompts.errors import InputError
from prompts.prompt import Prompt
from teachers.base import Request


def chains_of(
    prompts: Iterable[Prompt], endpoints: Sequence[ConfiguredTeacher], recipe: Recipe
) -> Iterator[FallbackChain]:
    """Every chain of the recipe, prompt by prompt; InputError for a prompt that no route takes."""
    samples, combine = recipe.generate.samples, recipe.combine
    for prompt in prompts:
        chosen = [_route(prompt, endpoints, recipe)] if combine.how == "route" else range(len(endpoints))
        for index in range(samples):
            chain = tuple(_sample_request(prompt, endpoints[endpoint], endpoint, index, samples) for endpoint in chosen)
            yield from [chain] if combine.how == "fallback" else [(sample,) for sample in chain]


def _sample_request(
    prompt: Prompt, endpoint: ConfiguredTeacher, number: int, index: int, samples: int
) -> SampleRequest:
    """Sample i of a prompt is sent the seed + i, where there is a seed."""
    seed = None if endpoint.sampling.seed is None else endpoint.sampling.seed + index
    sampling = replace(endpoint.sampling, seed=seed)
    request = Request(endpoint.description.identity, prompt.teacher_messages, sampling, endpoint.schema, index)
    return SampleRequest(prompt.id, request, samples, prompt.gold, prompt.group, number)


def _route(prompt: Prompt, endpoints: Sequence[ConfiguredTeacher], recipe: Recipe) -> int:
    combine = recipe.combine
    if combine.by is None:
        # By digest: a prompt goes to the same teacher whatever else is in the source.
        place = share_of(["route", prompt.id])
        bounds = accumulate(combine.shares(len(endpoints)))
        return next((endpoint for endpoint, bound in enumerate(bounds) if place < bound), len(endpoints) - 1)
    name = combine.routes.get(prompt.route or "", combine.routes.get("*"))
    if name is None:
        raise InputError(
            f"has no teacher for the value {prompt.route!r} of '{combine.by}'",
            field="combine.routes",
            remedy='Add it, or "*" for every other value',
        )
    return [endpoint.entry.label for endpoint in endpoints].index(name)
