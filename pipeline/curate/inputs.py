"""What the curate stage depends on, beside the replies: where any of it changes, the stage runs again."""

from __future__ import annotations

from typing import Any

from pipeline.recipe.embedding_models import model_digest
from pipeline.recipe.recipe import Recipe
from prompts.digest import digest_file


def curate_inputs(recipe: Recipe) -> list[Any]:
    """Returns the settings, and the digests of what they name: code, other files, embedding models.

    The shape of the list is part of the fingerprint: another shape would curate every run there is again.
    """
    steps = recipe.curation.steps
    code = [[digest_file(file) for file in step.files()] for step in steps if step.runs_code]
    files = [digest_file(file) for step in steps if not step.runs_code for file in step.files()]
    models = [model_digest(step.embedding_model) for step in steps if step.embedding_model]
    return [recipe.curation.model_dump(mode="json"), code, files, models]
