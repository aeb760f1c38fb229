"""The generate stage, declared."""

from __future__ import annotations

from typing import Any

from pipeline.curate.inputs import curate_inputs
from pipeline.inference.endpoints import configure_scorer, configure_teachers
from pipeline.recipe.recipe import Recipe
from pipeline.run.stage import Stage
from prompts.digest import digest_file
from prompts.template_source import read_template


def _inputs(recipe: Recipe) -> list[Any]:
    prompts = recipe.prompts
    # What changes no answer is left out: a faster, cheaper or more patient rerun is the same stage.
    asked = recipe.generate.model_dump(exclude={"concurrency", "attempts", "timeout_s", "lane", "budget_usd"})
    scorer = configure_scorer(recipe)
    return [
        # With a goal, how much is asked depends on how much curation keeps.
        None if recipe.generate.accept is None else curate_inputs(recipe),
        [endpoint.fingerprint() for endpoint in configure_teachers(recipe, system=False)],
        recipe.combine.model_dump(exclude={"judge", "rubric", "min_share"}),
        None if scorer is None else scorer.fingerprint(),
        [digest_file(prompts.source), prompts.template and read_template(prompts.template).digest],
        [prompts.gold, prompts.group, prompts.limit, asked],
    ]


STAGE = Stage(
    "generate",
    module="pipeline.generate.stage",
    inputs=_inputs,
    outputs=lambda run: (run.journal, run.replies),
)
