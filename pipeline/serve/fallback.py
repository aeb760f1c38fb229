"""The fallback of a cascade: who is asked when the student is not sure, read from the command line and the run."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.teachers import TeacherEntry
from pipeline.run.directory import RunDir
from pipeline.run.evaluation.file import read_evaluation
from pipeline.run.records import read_rows
from pipeline.serve.proxy import require_proxy
from prompts.errors import InputError
from prompts.messages import Conversation, from_dicts

CHOSEN = "chosen"
"""Instead of a threshold: the one that evaluation chose."""


@dataclass(slots=True, frozen=True)
class Fallback:
    """The teacher, and the confidence below which it is asked."""

    recipe: Recipe
    entry: TeacherEntry
    threshold: float

    @classmethod
    def of(cls, run: RunDir, threshold: str, spec: str | None) -> Fallback:
        """Reads the run and what was given; InputError says what is missing. MissingExtra without the proxy."""
        require_proxy()  # first: the rest would be read in vain
        recipe = load_recipe(run.recipe)
        return cls(recipe, _entry(recipe, spec), _threshold(run, threshold))


def examples_of(run: RunDir) -> Conversation:
    """Returns the turns that the teacher was shown and the student is not: the template's, the same in any row."""
    for row in read_rows(run.kept, ["messages", "prompt"]):
        shown, asked = from_dicts(row["messages"]), from_dicts(row["prompt"])
        # Both end in the question; the teacher's conversation has the examples before it.
        return shown[len(asked) - 1 : len(shown) - 1]
    return ()


def _entry(recipe: Recipe, spec: str | None) -> TeacherEntry:
    if spec is None:
        return _only_teacher(recipe)
    for entry in recipe.teacher:
        if spec in (entry.spec, entry.name):
            return entry
    return TeacherEntry(spec=spec)  # a teacher that the run did not have


def _only_teacher(recipe: Recipe) -> TeacherEntry:
    if len(recipe.teacher) > 1:
        labels = ", ".join(entry.label for entry in recipe.teacher)
        raise InputError(f"the run has several teachers: {labels}", field="--teacher", remedy="Name one")
    return recipe.teacher[0]


def _threshold(run: RunDir, given: str) -> float:
    if given == CHOSEN:
        return _chosen(run)
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:  # nor is NaN
        remedy = "Give one from 0 to 1; or --cascade after RUN, with none, for the one that evaluation chose"
        raise InputError(f"'{given}' is no confidence", field="--cascade", remedy=remedy)
    return value


def _chosen(run: RunDir) -> float:
    chosen = None
    if run.evaluation.exists():
        cascade = read_evaluation(run).cascade
        if cascade is not None:
            chosen = cascade.chosen
    if chosen is None:
        remedy = "Give one from 0 to 1: --cascade 0.8"
        raise InputError("evaluation has chosen no threshold", path=run.evaluation, field="--cascade", remedy=remedy)
    return chosen.threshold
