"""Verify: a user's own check, run on every reply: unit tests, a solver, a query."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from pipeline.process.exit_status import exit_of
from pipeline.recipe.missing import Missing
from pipeline.recipe.step import Step, Tools
from pipeline.recipe.user_code import (
    FUNCTION,
    command_files,
    function_beside,
    function_files,
    missing_function,
    split_function,
)
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict
from prompts.errors import InputError
from prompts.messages import to_dicts

if TYPE_CHECKING:  # processes are for when a rule is run
    from pipeline.process.sandbox import Job


class Verify(Step):
    """Drops replies that a check of yours fails, each run in a process with limits. No sandbox against malice."""

    step: Literal["verify"] = "verify"
    function: str | None = Field(None, pattern=FUNCTION)
    """FILE.py:NAME, relative to the recipe: called with a dict of sample_id, prompt_id, prompt (messages) and
    completion; a true answer keeps the reply."""
    command: list[str] | None = Field(None, min_length=1)
    """A program and its arguments, those that are files relative to the recipe: it reads the same as JSON from its
    standard input; exit status 0 keeps the reply, 1 fails it, any other is an error."""
    timeout_s: float = Field(10, gt=0, le=3600)
    """Seconds that one reply may take."""
    memory_mb: int = Field(512, ge=16)
    """MiB of address space that one reply may take, beyond what the function's imports have."""

    runs_code: ClassVar[bool] = True
    worse: ClassVar[Mapping[str, bool]] = {"verify_failed": True}

    @model_validator(mode="after")
    def _check(self) -> Verify:
        if (self.function is None) == (self.command is None):
            raise ValueError("needs either 'function' or 'command'")
        return self

    def rule(self, tools: Tools) -> Rule:
        """Runs the check on both sides of the split: it says of a reply that it is wrong, and selects nothing.

        InputError where the command's program is not to be found.
        """
        # Once and before any reply: as an error of each reply it would drop them all.
        if self.command and shutil.which(self.command[0]) is None:
            problem = f"no such program: {self.command[0]}"
            remedy = "Name a program on the PATH, or a file beside the recipe that may be executed"
            raise InputError(problem, field="curate.steps.verify.command", remedy=remedy)
        return partial(_verify, job_of(self), tools)

    def beside(self, folder: Path) -> Self:
        """Makes the function's file absolute, and those of the command's words that are files."""
        if self.function is not None:
            return self.model_copy(update={"function": function_beside(self.function, folder)})
        words = []
        for word in self.command or ():
            file = folder / word
            words.append(str(file.resolve()) if file.is_file() else word)
        return self.model_copy(update={"command": words})

    def missing(self, folder: Path) -> Missing | None:
        """Looks for the function's file. A command's program is looked for on the PATH when it is to run."""
        if self.function is None:
            return None
        return missing_function(self.function, folder)

    def files(self) -> list[Path]:
        """Returns the files that the check names; what they import in turn is not followed."""
        if self.function is not None:
            return function_files(self.function)
        return command_files(self.command or ())


def job_of(config: Verify) -> Job:
    """Describes the work as the sandbox takes it."""
    from pipeline.process.sandbox import Job

    function = None
    if config.function is not None:
        function = split_function(config.function)
    return Job(function, tuple(config.command or ()), config.timeout_s, config.memory_mb)


def _verify(job: Job, tools: Tools, samples: Sequence[Sample]) -> list[Verdict]:
    from pipeline.process.sandbox import run_all

    answers = run_all(job, len(samples), lambda number: _given(samples[number]), on_progress=tools.on_progress)
    return [_verdict(sample, answer) for sample, answer in zip(samples, answers, strict=True)]


def _given(sample: Sample) -> dict[str, Any]:
    """Describes a sample to the check. There is no gold in it."""
    return {
        "sample_id": sample.sample_id,
        "prompt_id": sample.prompt_id,
        "prompt": to_dicts(sample.student_messages),
        "completion": sample.completion,
    }


def _verdict(sample: Sample, answer: dict[str, Any]) -> Verdict:
    match answer:
        case {"passed": True} | {"code": 0, "last": _}:
            return Keep(sample)
        # Status 1 is how grep, cmp and unit test runners say "no"; any other is a fault of the check itself.
        case {"passed": False} | {"code": 1}:
            return Drop("verify_failed")
        case {"timeout": True}:
            return Drop("verify_timeout")
        case {"memory": True}:
            return Drop("verify_memory")
    return Drop("verify_error", detail=answer.get("error") or exit_of(answer))


STEP = Verify
