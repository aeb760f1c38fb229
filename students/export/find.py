"""Finds the forms of a student: FORMS of every module in students/export/forms. Light to import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from prompts.declared import declared_in
from students.export.form import Form

FORMS: dict[str, Form] = {
    form.name: form for forms in declared_in("students.export.forms", "FORMS").values() for form in forms
}
"""Name -> form, in the order of the modules' names."""

if TYPE_CHECKING:
    ExportName = str
else:
    # pydantic reads it in the recipe: a name that no module declares is an error that lists those that are.
    ExportName = Literal[tuple(FORMS)]


def require_exports(names: Sequence[ExportName]) -> None:
    """Raises MissingExtra where a package that one of the forms needs is not installed; imports none of them."""
    for name in names:
        FORMS[name].require_installed()
