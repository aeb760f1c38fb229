"""A run, opened to be read: its recipe, stages, rows, numbers and student."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.run.directory import RunDir
from prompts.errors import InputError

if TYPE_CHECKING:
    from pipeline.front.rows import Rows
    from pipeline.front.student import Student
    from pipeline.recipe.recipe import Recipe
    from pipeline.run.evaluation.record import Evaluation
    from pipeline.run.manifest import Entry

FILES = ("replies", "kept", "dropped", "preferences", "answers")
"""What `Run.rows` opens: the run's Parquet files, by their names."""


class Run:
    """A run directory. It is read when asked, so it shows what another process has written since."""

    def __init__(self, files: RunDir) -> None:
        """`files` names what the directory holds."""
        self.files = files

    def __repr__(self) -> str:
        stages = ", ".join(f"{name} {entry.status}" for name, entry in self.stages.items())
        return f"<Run {self.directory}: {stages or 'nothing has run'}>"

    @property
    def directory(self) -> Path:
        """Returns where the run is."""
        return self.files.root

    @property
    def recipe(self) -> Recipe:
        """Reads the resolved recipe that the run was made by. The files that it names may be gone."""
        from pipeline.recipe.load import read_resolved

        return read_resolved(self.files.recipe)

    @property
    def stages(self) -> Mapping[str, Entry]:
        """Reads the manifest: each stage's status, its counts as a typed record, seconds, versions, error."""
        return self.files.load_manifest().stages

    def rows(self, name: str = "kept") -> Rows:
        """Opens one of the run's files of rows: `kept`, `dropped`, `replies`, `preferences` or `answers`.

        Raises:
            InputError: Where there is no such file, or the stage that writes it has not run.
        """
        from pipeline.front.rows import Rows

        if name not in FILES:
            raise InputError(f"no rows are called '{name}'", path=self.directory, remedy=f"Known: {', '.join(FILES)}")
        path: Path = getattr(self.files, name)
        if not path.exists():
            raise self._lacks(path.name)
        return Rows(path)

    @property
    def evaluation(self) -> Evaluation:
        """Reads the numbers of the evaluation, as evaluation.json has them.

        Raises:
            InputError: Where the run has not been evaluated, or another version of stillhouse evaluated it.
        """
        from pipeline.run.evaluation.file import read_evaluation

        if not self.files.evaluation.exists():
            raise self._lacks(self.files.evaluation.name)
        return read_evaluation(self.files)

    @property
    def report(self) -> Path:
        """Returns the page; InputError where the report stage has not run."""
        if not self.files.report.exists():
            raise self._lacks(self.files.report.name)
        return self.files.report

    def student(self) -> Student:
        """Opens the trained student, to be asked within `with run.student() as student:`.

        Raises:
            InputError: Where none was trained.
            MissingExtra: Where what runs it is not installed.
        """
        from pipeline.front.student import Student

        if not (self.files.student / "config.json").exists():
            raise self._lacks(self.files.student.name)
        return Student(self.files.student, self.recipe)

    def _lacks(self, name: str) -> InputError:
        return InputError(f"has no {name} yet", path=self.directory, remedy="Run the stage that writes it")


def open_run(directory: str | Path) -> Run:
    """Opens a run directory to read; nothing in it is locked or changed.

    Raises:
        InputError: Where it is no run directory.
    """
    files = RunDir(Path(directory))
    files.require_run()
    return Run(files)
