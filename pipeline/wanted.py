"""What a run wants: its samples, each with the request that answers it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import orjson

from pipeline.recipe import Generate, Recipe
from prompts.digest import digest
from prompts.prompt import Prompt
from prompts.sources import Loaded, load_prompts
from prompts.template import load_template
from teachers.base import Identity, Request, Sampling


@dataclass(slots=True, frozen=True)
class Wanted:
    """One sample: a prompt, the request for one of its replies, and what is known beside it."""

    sample_id: str
    prompt_id: str
    request: Request
    samples: int
    gold: str | None
    group: str | None


def recipe_prompts(recipe: Recipe) -> Loaded:
    """The recipe's prompts, rendered; InputError for a bad template or row."""
    asked = recipe.prompts
    template = load_template(asked.template)
    return load_prompts(
        asked.source, template, gold=asked.gold, group=asked.group, route=recipe.combine.by, limit=asked.limit
    )


def wanted_samples(prompts: Sequence[Prompt], identity: Identity, generate: Generate) -> Iterator[Wanted]:
    """prompts x samples, prompt by prompt. Sample i of a prompt is sent the seed + i, where there is a seed."""
    sampling = Sampling(
        temperature=generate.temperature,
        top_p=generate.top_p,
        max_tokens=generate.max_tokens,
        seed=generate.seed,
        top_logprobs=generate.top_logprobs,
    )
    schema = None
    if generate.json_schema is not None:
        schema = orjson.dumps(generate.json_schema, option=orjson.OPT_SORT_KEYS).decode()
    for prompt in prompts:
        for index in range(generate.samples):
            seed = None if sampling.seed is None else sampling.seed + index
            request = Request(identity, prompt.messages, replace(sampling, seed=seed), schema, index)
            sample_id = digest([prompt.id, request.key])
            yield Wanted(sample_id, prompt.id, request, generate.samples, prompt.gold, prompt.group)
