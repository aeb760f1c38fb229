"""Tests: the reply's code passes gold's tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field

from pipeline.evaluate import scoring
from pipeline.recipe.scorer import Scorer, ScorerSettings
from pipeline.recipe.user_code import by_content, command_beside, command_files

RUNNER = Path(scoring.__path__[0], "python_tests.py")
"""A file and no import: the process that runs it is isolated from everything of ours."""


class CodeTests(ScorerSettings):
    """1 where the reply's Python code passes gold's tests, or a program of yours says so."""

    name: Literal["tests"] = "tests"
    command: list[str] | None = Field(None, min_length=1)
    """A program and its arguments, those that are files relative to the recipe, that reads a JSON object of prompt_id,
    prompt (messages), completion and gold from its standard input; exit status 0 passes, 1 fails, any other is an
    error. None runs the reply's Python code, then gold's."""
    timeout_s: float = Field(10, gt=0, le=3600)
    """Seconds that one reply may take."""
    memory_mb: int = Field(512, ge=16)
    """MiB of address space that one reply may take."""

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Runs the program, or else the answer itself and then gold."""
        from pipeline.evaluate.scoring.limited import LimitedScorer
        from pipeline.process.sandbox import Job

        field = "evaluate.scorer.command"
        if self.command is not None:
            return LimitedScorer(Job(None, tuple(self.command), self.timeout_s, self.memory_mb, field=field))
        job = Job((str(RUNNER), "passes"), (), self.timeout_s, self.memory_mb, field=field)
        return LimitedScorer(job, runs_the_answer=True)

    def comparable(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Returns the program, its files by their content, and the limits."""
        command = None
        if self.command is not None:
            command = [by_content(word) for word in self.command]
        return {"command": command, "timeout_s": self.timeout_s, "memory_mb": self.memory_mb}

    def beside(self, folder: Path) -> Self:
        """Makes those of the program's words absolute that are files."""
        if self.command is None:
            return self
        return self.model_copy(update={"command": command_beside(self.command, folder)})

    def files(self) -> list[Path]:
        """Returns those of the program's words that are files."""
        return command_files(self.command or ())


SCORER = CodeTests
