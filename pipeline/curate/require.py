"""What curation must be able to find, told before a teacher is paid: read without what curates."""

from __future__ import annotations

from pipeline.decisions.rulings import read_rulings
from pipeline.recipe.curate import REJECTING
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from prompts.errors import InputError


def require_preferences(recipe: Recipe, run: RunDir) -> None:
    """InputError where neither a step nor a person could find a reply worse than another, before a teacher is paid."""
    given, steps = recipe.student.preference, {step.step for step in recipe.curation.steps}
    if not recipe.student.declaration.reads_preferences or (given is not None and given.pairs) or steps & REJECTING:
        return
    if not read_rulings(run.reviews).compares:
        remedy = (
            f"Add {', '.join(sorted(REJECTING))} or several, for several replies a prompt; or set preference.pairs; "
            f"or give some: 'stillhouse curate', then 'stillhouse review {run.root}'"
        )
        problem = "preference, and neither a curation step nor a person says that a reply is worse than another"
        raise InputError(problem, field="student.method", remedy=remedy)
