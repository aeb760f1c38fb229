"""What curation must be able to find, told before a teacher is paid: read without what curates."""

from __future__ import annotations

from pipeline.decisions.rulings import read_rulings
from pipeline.recipe.curate import STEPS
from pipeline.recipe.recipe import Recipe
from pipeline.run.directory import RunDir
from prompts.errors import InputError


def require_preferences(recipe: Recipe, run: RunDir) -> None:
    """InputError where neither a step nor a person could find a reply worse than another, before a teacher is paid."""
    given = recipe.student.preference
    if not recipe.student.declaration.reads_preferences or (given is not None and given.pairs):
        return
    if any(step.worse for step in recipe.curation.steps) or read_rulings(run.reviews).compares:
        return
    names = ", ".join(name for name, kind in STEPS.items() if kind.worse)
    remedy = (
        f"Add {names} or several, for several replies a prompt; or set preference.pairs; "
        f"or give some: 'stillhouse curate', then 'stillhouse review {run.root}'"
    )
    problem = "preference, and neither a curation step nor a person says that a reply is worse than another"
    raise InputError(problem, field="student.method", remedy=remedy)
