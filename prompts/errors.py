"""Errors a user can act on.

StillhouseError         printed without a traceback; carries the exit code
├── InputError          a recipe, template or row is wrong: file, line, field, remedy      exit 2
├── MissingExtra        an optional dependency is not installed: the install command       exit 2
└── (teachers.errors.TeacherError, pipeline.run.errors.RunError and its kin)
"""

from __future__ import annotations

from pathlib import Path


class StillhouseError(Exception):
    """A failure that was foreseen. `str(error)` is one clear message; `exit_code` is the process's."""

    exit_code = 1


class InputError(StillhouseError):
    """Bad input: where it is, what is wrong, what would be right."""

    exit_code = 2

    def __init__(
        self,
        problem: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem, self.path, self.line, self.field, self.remedy = problem, path, line, field, remedy
        parts = []
        if path is not None:
            parts.append(str(path) if line is None else f"{path}:{line}")
        if field:
            parts.append(f"field '{field}'")
        message = ": ".join([*parts, problem])
        if remedy:
            message = f"{message}. {remedy}"
        super().__init__(message)


class MissingExtra(StillhouseError):
    """An optional dependency that this work needs is not installed."""

    exit_code = 2

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'stillhouse[{extra}]'")
