"""The line-up: who is compared on what, settled before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.journal.samples import FallbackChain
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.teachers import Combine, TeacherEntry
from prompts.errors import InputError
from prompts.prompt import Prompt
from teachers.catalog import describe


def for_all(recipe: Recipe, specs: Sequence[str]) -> Recipe:
    """Returns the recipe with these teachers, each asked every prompt once; InputError where there are not two."""
    # One sample each: a teacher with more tries would look better than it is.
    asked = recipe.generate.model_copy(update={"samples": 1})
    combine = Combine(rubric=recipe.combine.rubric)
    return recipe.model_copy(update={"teacher": entries_of(recipe, specs), "combine": combine, "generate": asked})


def entries_of(recipe: Recipe, specs: Sequence[str]) -> list[TeacherEntry]:
    """Returns teachers by spec or by the recipe's name for them, several in one text too; default: the recipe's own."""
    named = [name.strip() for text in specs for name in text.split(",") if name.strip()]
    entries = [entry_named(recipe, name) for name in named] or list(recipe.teacher)
    if len(entries) < 2:
        raise InputError("a bake-off needs two teachers or more", remedy="Give --teachers A,B")
    labels = [entry.label for entry in entries]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice:
        raise InputError(f"the teacher '{twice}' is named twice", remedy="Give each one once")
    return entries


def entry_named(recipe: Recipe, name: str) -> TeacherEntry:
    """Returns what the recipe says of the teacher or judge of this spec or name; a bare spec where it says nothing."""
    entries = [*recipe.teacher, *filter(None, [recipe.combine.judge])]
    return next((entry for entry in entries if name in (entry.label, entry.spec)), TeacherEntry(spec=name))


def take_slice(prompts: Sequence[Prompt], limit: int) -> list[Prompt]:
    """Returns the first `limit` prompts by id: a digest, so that neither the file's order nor its head decides.

    A larger slice holds every smaller one, so that a second bake-off asks only what it adds.
    """
    # Sources are often sorted by label or by date: the head of one would be a task of its own.
    return sorted(prompts, key=lambda prompt: prompt.id)[:limit]


def check_scoring(recipe: Recipe, prompts: Sequence[Prompt], referee: TeacherEntry | None) -> None:
    """Raises InputError where there is nothing to score by, or a judge that does not exist."""
    if referee is not None:
        describe(referee.to_spec())
        return
    if recipe.evaluate.scorer.pair_judge is not None:
        raise InputError("is judge, whom a bake-off is told of", field="evaluate.scorer", remedy="Give --judge SPEC")
    if recipe.prompts.gold is None:
        raise InputError(
            "is not set, so there is nothing to score against",
            field="prompts.gold",
            remedy="Name the column with the right answers, or give --judge SPEC",
        )
    recipe.evaluate.to_scorer().check([prompt.gold or "" for prompt in prompts])


def check_distinct(endpoints: Sequence[ConfiguredTeacher], chains: Sequence[FallbackChain]) -> None:
    """Raises InputError where two names stand for one endpoint, asked the same: the journal would hold one of them."""
    seen: dict[str, int] = {}
    for chain in chains:
        for item in chain:
            other = seen.setdefault(item.sample_id, item.endpoint)
            if other != item.endpoint:
                names = f"'{endpoints[other].entry.label}' and '{endpoints[item.endpoint].entry.label}'"
                raise InputError(f"the teachers {names} are one endpoint, asked the same", remedy="Leave one out")
