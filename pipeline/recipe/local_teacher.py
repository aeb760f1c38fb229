"""The model in memory that a student learns from beside its corpus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prompts.errors import InputError
from students.base.prepare import prepare_base
from students.config import StudentConfig
from teachers.provider import find_provider
from teachers.spec import Spec


def local_teacher(student: StudentConfig, teachers: Sequence[Spec]) -> str | None:
    """Returns the model, named as a base is: the student's own setting, else the one local teacher of the recipe.

    None where the student needs none; InputError where it needs one and there is none, or there are several.
    """
    if not student.needs_teacher or student.local_teacher is not None:
        return student.local_teacher
    local = [spec.model for spec in teachers if find_provider(spec.provider).weights is not None]
    models = list(dict.fromkeys(local))  # one model may stand in a recipe twice, with other sampling
    if len(models) == 1:
        return models[0]
    recipe_has = "no teacher whose weights could be loaded"
    if models:
        recipe_has = f"several: {', '.join(models)}"
    raise InputError(
        f"method {student.method} needs a teacher in memory, and the recipe has {recipe_has}",
        field=f"student.{student.teacher_section}.teacher",
        remedy="Set it to a path, a hub id or smollm2-135m",
    )


def prepare_teacher(student: StudentConfig, teachers: Sequence[Spec], cache: Path) -> str | None:
    """Returns the model as transformers can load it; a GGUF file is dequantised into `cache` once."""
    name = local_teacher(student, teachers)
    if name is None:
        return None
    try:
        return str(prepare_base(name, cache=cache))
    except InputError as error:
        if error.field != "student.base":
            raise
        field = f"student.{student.teacher_section}.teacher"
        raise InputError(error.problem, path=error.path, field=field, remedy=error.remedy) from error
