"""The door: a student's directory becomes one export in a folder of its own."""

from __future__ import annotations

from pathlib import Path

from students.export.find import FORMS, ExportName


def write_export(student: Path, name: ExportName, out: Path) -> None:
    """Writes the export `name` of the model directory `student` into the empty folder `out`.

    Raises MissingExtra, and what the form's `write` raises. What it writes is not yet run: the caller asks it something
    before it is called done.
    """
    form = FORMS[name]
    form.require_installed()
    form.write(student, out, form.precision)
