"""Function: a number that your own Python function returns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field

from pipeline.recipe.missing import Missing
from pipeline.recipe.scorer import Scorer, ScorerSettings
from pipeline.recipe.user_code import (
    FUNCTION,
    by_content,
    function_beside,
    function_files,
    missing_function,
    split_function,
)


class Function(ScorerSettings):
    """The number from 0 to 1 that your function returns."""

    name: Literal["function"] = "function"
    function: str = Field(pattern=FUNCTION)
    """FILE.py:NAME, relative to the recipe: called with a dict of prompt_id, prompt (messages), completion and gold; it
    returns a number from 0 to 1."""
    timeout_s: float = Field(10, gt=0, le=3600)
    """Seconds that one reply may take."""
    memory_mb: int = Field(512, ge=16)
    """MiB of address space that one reply may take."""

    def scorer(self, labels: Sequence[str] | None) -> Scorer:
        """Runs the function in processes with limits."""
        from pipeline.evaluate.scoring.limited import LimitedScorer
        from pipeline.process.sandbox import Job

        job = Job(
            split_function(self.function),
            (),
            self.timeout_s,
            self.memory_mb,
            numbers=True,
            field="evaluate.scorer.function",
        )
        return LimitedScorer(job)

    def comparable(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Returns the function, its file by its content, and the limits."""
        file, name = split_function(self.function)
        function = f"{by_content(file)}:{name}"
        return {"function": function, "timeout_s": self.timeout_s, "memory_mb": self.memory_mb}

    def beside(self, folder: Path) -> Self:
        """Makes the function's file absolute."""
        return self.model_copy(update={"function": function_beside(self.function, folder)})

    def missing(self, folder: Path) -> Missing | None:
        """Looks for the function's file."""
        return missing_function(self.function, folder)

    def files(self) -> list[Path]:
        """Returns the function's file."""
        return function_files(self.function)


SCORER = Function
