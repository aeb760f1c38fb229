"""Function: a number that your own Python function returns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field

from pipeline.evaluate.scoring import user_files
from pipeline.recipe.missing import Missing
from pipeline.recipe.scorer import Scorer, ScorerSettings


class Function(ScorerSettings):
    """The number from 0 to 1 that your function returns."""

    name: Literal["function"] = "function"
    function: str = Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")
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
            user_files.split_function(self.function),
            (),
            self.timeout_s,
            self.memory_mb,
            numbers=True,
            field="evaluate.scorer.function",
        )
        return LimitedScorer(job)

    def comparable(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Returns the function, its file by its content, and the limits."""
        file, name = user_files.split_function(self.function)
        function = f"{user_files.by_content(file)}:{name}"
        return {"function": function, "timeout_s": self.timeout_s, "memory_mb": self.memory_mb}

    def beside(self, folder: Path) -> Self:
        """Makes the function's file absolute."""
        # A file that is not there becomes absolute too: the message then names where it was looked for.
        file, name = user_files.split_function(self.function)
        return self.model_copy(update={"function": f"{(folder / file).resolve()}:{name}"})

    def missing(self, folder: Path) -> Missing | None:
        """Looks for the function's file; the function itself is looked for when it is to run."""
        file, _ = user_files.split_function(self.function)
        if Path(file).is_file():
            return None
        return Missing(("function",), f"no such file: {file}", f"Relative to {folder}")

    def files(self) -> list[Path]:
        """Returns the function's file; what it imports in turn is not followed."""
        file, _ = user_files.split_function(self.function)
        return user_files.files_among([file])


SCORER = Function
