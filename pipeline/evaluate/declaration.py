"""The evaluate stage, declared."""

from __future__ import annotations

from typing import Any

from pipeline.decisions.rulings import read_rulings
from pipeline.recipe.general import require_general
from pipeline.recipe.recipe import Recipe
from pipeline.run.evaluation import VERSION
from pipeline.run.stage import Stage
from prompts.digest import digest_file


def _inputs(recipe: Recipe) -> Any:
    """Returns the settings, and the bytes of what they name: general tasks, a scorer's files, earlier runs' answers.

    The version of evaluation.json is among them: a file that this version cannot read is made again.
    """
    config = recipe.evaluate
    named = [*config.general.files(), *config.scorer.files(), *(run / "answers.parquet" for run in config.against)]
    settings = config.model_dump(mode="json")
    return [VERSION, settings, *map(digest_file, named)]


STAGE = Stage(
    "evaluate",
    module="pipeline.evaluate.stage",
    inputs=_inputs,
    outputs=lambda run: (run.answers, run.evaluation),
    rulings=lambda run: read_rulings(run.reviews).gold_digest,
    check=lambda context: require_general(context.recipe.evaluate.general),
)
