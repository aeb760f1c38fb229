"""The recipe's section `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipeline.recipe.economics import Economics
from pipeline.recipe.general import General
from pipeline.recipe.section import Section
from pipeline.recipe.teachers import TeacherEntry

ScorerName = Literal["label", "exact", "json", "numeric", "rouge", "bleu", "chrf", "tests", "function", "judge"]

NAMED = ("function", "judge")
"""Scorers that are what a field of their own name says."""


class Evaluate(Section):
    """How teacher, base and student are compared on the held-out prompts."""

    scorer: ScorerName = "exact"
    """`label`: the reply names one of `labels`; `exact`: it equals gold after normalisation; `json`: the share of its
    fields that are gold's; `numeric`: its last number is gold's; `rouge`, `bleu`, `chrf`: overlap with gold, by the
    extra `scores`; `tests`: its code passes gold's tests; `function`: yours; `judge`: a model's, against the teacher's
    reply."""
    labels: list[str] | None = None
    """The labels, for `label`. With any scorer, what log-odds, AUC and KL are measured on."""
    fields: list[str] = Field(default_factory=list)
    """`json`: the fields that are compared; none compares all that gold or the reply has."""
    tolerance: float = Field(0, ge=0)
    """`numeric`: how far the number may be from gold's."""
    function: str | None = Field(None, pattern=r"^.+\.py:[A-Za-z_]\w*$")
    """`function`: FILE.py:NAME, relative to the recipe: called with a dict of prompt_id, prompt (messages), completion
    and gold; it returns a number from 0 to 1."""
    command: list[str] | None = Field(None, min_length=1)
    """`tests`: a program and its arguments, those that are files relative to the recipe, that reads the same as JSON
    from its standard input; exit status 0 passes, 1 fails, any other is an error. None runs the reply's Python code,
    then gold's."""
    timeout_s: float = Field(10, gt=0, le=3600)
    """`tests` and `function`: seconds that one reply may take."""
    memory_mb: int = Field(512, ge=16)
    """`tests` and `function`: MiB of address space that one reply may take."""
    judge: TeacherEntry | None = None
    """`judge`: the model that says which of two replies is better; paid from the run's budget, asked once."""
    rubric: str = "the most correct, complete and well written answer"
    """`judge`: what it is asked to pick."""
    slices: list[str] = Field(default_factory=list)
    """Columns of the source by whose values the comparison is shown once more."""
    against: list[Path] = Field(default_factory=list)
    """Earlier runs, relative to the recipe, whose students are compared on the prompts that both have."""
    max_tokens: int = Field(64, ge=1)
    """The most tokens the base and the student may answer with."""
    limit: int | None = Field(None, ge=1)
    """Use only the first so many held-out prompts."""
    resamples: int = Field(2000, ge=100)
    """Bootstrap resamples behind each interval."""
    seed: int = 0
    """The bootstrap's seed."""
    economics: Economics = Economics()
    cascade_margin: float = Field(0.01, ge=0, le=1)
    """How far below the teacher's score the cascade may be at the threshold that is chosen for it."""
    general: General = General()

    @model_validator(mode="after")
    def _check(self) -> Evaluate:
        for name in NAMED:
            if self.scorer == name and getattr(self, name) is None:
                raise ValueError(f"scorer: {name} needs '{name}'")
        owners = {
            "fields": "json",
            "tolerance": "numeric",
            "function": "function",
            "command": "tests",
            "judge": "judge",
        }
        for name, scorer in owners.items():
            if getattr(self, name) and self.scorer != scorer:
                raise ValueError(f"'{name}' needs scorer: {scorer}")
        return self

    def beside(self, folder: Path) -> Evaluate:
        """The same with absolute files: what it names is looked for in `folder`."""
        changes: dict[str, object] = {"against": [(folder / run).resolve() for run in self.against]}
        if self.function is not None:
            name, _, function = self.function.rpartition(":")
            changes["function"] = f"{(folder / name).resolve()}:{function}"
        if self.command is not None:
            # One that is absolute stays as it is: a virtual environment's python is a link that must not be followed.
            words = ((word, folder.resolve() / word) for word in self.command)
            changes["command"] = [str(file) if file.is_file() else word for word, file in words]
        return self.model_copy(update=changes)

    def files(self) -> list[Path]:
        """The files of yours that score, once they are absolute."""
        named = [self.function.rpartition(":")[0]] if self.function else (self.command or [])
        return [Path(name) for name in named if Path(name).is_absolute() and Path(name).is_file()]
