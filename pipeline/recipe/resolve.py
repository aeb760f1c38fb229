"""What a recipe names, as absolute paths, and what its parts can do together: told before anything is paid."""

from __future__ import annotations

from pathlib import Path

import yaml

from pipeline.recipe.evaluate import Evaluate
from pipeline.recipe.local_teacher import local_teacher
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.step import Step
from pipeline.recipe.yaml12 import line_of
from prompts.errors import InputError
from prompts.template_source import find_template
from students.config import StudentConfig


def resolve(recipe: Recipe, path: Path, root: yaml.Node | None) -> Recipe:
    """The recipe with absolute paths, so that it means the same from anywhere.

    InputError, with the line, for a file or model that is missing, and for what its parts cannot do together.
    """
    folder = path.resolve().parent
    source = (folder / recipe.prompts.source).resolve()
    template = None if recipe.prompts.template is None else find_template(str(recipe.prompts.template), folder)
    for field, file in (("source", source), ("template", template)):
        if file is not None and not file.exists():
            line = line_of(root, ["prompts", field])
            raise InputError(
                f"no such file: {file}", path=path, line=line, field=f"prompts.{field}", remedy=f"Relative to {folder}"
            )
    if template is None:
        _check_log(recipe, source, path, root)
    student = _resolve_pairs(recipe.student, path, root)
    student = _resolve_teacher(recipe, student, path, root)
    base = _resolve_base(recipe.student.base, folder)
    return recipe.model_copy(
        update={
            "curate": recipe.curate.model_copy(update={"steps": _resolve_steps(recipe, path, root)}),
            "prompts": recipe.prompts.model_copy(update={"source": source, "template": template}),
            "student": student.model_copy(update={"base": base}),
            "evaluate": _resolve_evaluate(recipe, path, root),
        }
    )


def _resolve_steps(recipe: Recipe, path: Path, root: yaml.Node | None) -> list[Step]:
    """Returns the steps with absolute files; InputError names the place of what is missing."""
    folder = path.resolve().parent
    steps: list[Step] = []
    for index, written in enumerate(recipe.curate.steps):
        step = written.beside(folder)
        missing = step.missing(folder)
        if missing is not None:
            raise InputError(
                missing.problem,
                path=path,
                line=line_of(root, ["curate", "steps", index, *missing.place]),
                field=f"curate.steps.{step.step}.{missing.place[0]}",
                remedy=missing.remedy,
            )
        steps.append(step)
    return steps


def _resolve_evaluate(recipe: Recipe, path: Path, root: yaml.Node | None) -> Evaluate:
    """The section with absolute files; InputError names the place of what is missing, or cannot be had of a log."""
    folder = path.resolve().parent
    found = recipe.evaluate.beside(folder).model_copy(update={"general": recipe.evaluate.general.beside(path, root)})
    if (missing := found.scorer.missing(folder)) is not None:
        line = line_of(root, ["evaluate", "scorer", *missing.place])
        field = f"evaluate.scorer.{missing.place[0]}"
        raise InputError(missing.problem, path=path, line=line, field=field, remedy=missing.remedy)
    for place, run in enumerate(found.against):
        file = run / "answers.parquet"
        if not file.is_file():
            line = line_of(root, ["evaluate", "against", place])
            remedy = "Name run directories that were evaluated"
            raise InputError(f"no such file: {file}", path=path, line=line, field="evaluate.against", remedy=remedy)
    if found.slices and recipe.prompts.template is None:
        line = line_of(root, ["evaluate", "slices"])
        raise InputError("a log has no columns", path=path, line=line, field="evaluate.slices", remedy="Leave it unset")
    return found


def _check_log(recipe: Recipe, source: Path, path: Path, root: yaml.Node | None) -> None:
    """Without a template the source must be a log, which has no columns; InputError names the field to set."""
    from prompts.logs.read import is_log  # late: the readers of every provider's logs, for a recipe that names one

    if not is_log(source):
        raise InputError(
            f"is missing, and {source.name} is no provider's log",
            path=path,
            line=line_of(root, ["prompts"]),
            field="prompts.template",
            remedy="Name a template that makes prompts of its rows",
        )
    gold = None if recipe.prompts.gold == "reply" else recipe.prompts.gold
    columns = (("prompts.gold", gold), ("prompts.group", recipe.prompts.group), ("combine.by", recipe.combine.by))
    for field, value in columns:
        if value is not None:
            line = line_of(root, field.split("."))
            remedy = "Give 'reply', or leave it unset" if field == "prompts.gold" else "Leave it unset"
            raise InputError(f"'{value}': a log has no columns", path=path, line=line, field=field, remedy=remedy)


def _resolve_pairs(student: StudentConfig, path: Path, root: yaml.Node | None) -> StudentConfig:
    """The student with an absolute file of preferences; InputError where it is missing."""
    if student.preference is None or student.preference.pairs is None:
        return student
    folder = path.resolve().parent
    file = (folder / student.preference.pairs).resolve()
    if not file.is_file():
        field = "student.preference.pairs"
        line = line_of(root, field.split("."))
        raise InputError(f"no such file: {file}", path=path, line=line, field=field, remedy=f"Relative to {folder}")
    preference = student.preference.model_copy(update={"pairs": str(file)})
    return student.model_copy(update={"preference": preference})


def _resolve_teacher(recipe: Recipe, student: StudentConfig, path: Path, root: yaml.Node | None) -> StudentConfig:
    """The student with its teacher in memory as an absolute path; InputError where it needs one that is not named."""
    folder = path.resolve().parent
    try:
        local_teacher(student, recipe.specs if student.needs_teacher else ())
    except InputError as error:
        line = line_of(root, ["student", "method"])
        raise InputError(error.problem, path=path, line=line, field=error.field, remedy=error.remedy) from error
    if student.local_teacher is None:
        return student
    return student.with_teacher(_resolve_base(student.local_teacher, folder))


def _resolve_base(base: str, folder: Path) -> str:
    local = folder / base
    return str(local.resolve()) if local.exists() else base
