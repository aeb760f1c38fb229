"""What a run wants: its samples, each with the request that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.recipe import Recipe
from prompts.sources import Loaded, load_logged, load_prompts
from prompts.template import load_template
from teachers.base import Request


@dataclass(slots=True, frozen=True)
class Wanted:
    """One sample: a prompt, the request for one of its replies, and what is known beside it."""

    sample_id: str
    prompt_id: str
    request: Request
    samples: int
    gold: str | None
    group: str | None
    seat: int = 0
    """Which of the recipe's teachers is asked."""


def recipe_prompts(recipe: Recipe) -> Loaded:
    """The recipe's prompts, rendered or as logged; InputError for a bad template or row."""
    asked = recipe.prompts
    if asked.template is None:
        return load_logged(asked.source, gold=asked.gold is not None, limit=asked.limit)
    template = load_template(asked.template)
    return load_prompts(
        asked.source, template, gold=asked.gold, group=asked.group, route=recipe.combine.by, limit=asked.limit
    )
