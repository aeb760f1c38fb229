"""Verify: a user's own check, run on every reply: unit tests, a solver, a query."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.curate.step import Drop, Keep, OnProgress, Rule, Sample, Verdict
from pipeline.process.sandbox import Job, run_all
from pipeline.recipe.curate import Verify
from prompts.digest import digest_file
from prompts.errors import InputError
from prompts.messages import to_dicts

FAILED = 1
"""The exit status by which a command says that a reply is wrong, as grep, cmp and unit test runners do."""


def verify(config: Verify, on_progress: OnProgress = lambda done: None) -> Rule:
    """Drops replies that the check fails, on both sides of the split: it says of a reply that it is wrong.

    InputError where the command's program is not to be found.
    """
    if config.command and shutil.which(config.command[0]) is None:
        remedy = "Name a program on the PATH, or a file beside the recipe that may be executed"
        raise InputError(f"no such program: {config.command[0]}", field="curate.steps.verify.command", remedy=remedy)
    return partial(_verify, config, on_progress)


def _verify(config: Verify, on_progress: OnProgress, samples: Sequence[Sample]) -> list[Verdict]:
    answers = run_all(job_of(config), len(samples), lambda number: _given(samples[number]), on_progress=on_progress)
    return [_verdict(sample, answer) for sample, answer in zip(samples, answers, strict=True)]


def _given(sample: Sample) -> dict[str, Any]:
    """What the check is told. There is no gold in it."""
    return {
        "sample_id": sample.sample_id,
        "prompt_id": sample.prompt_id,
        "prompt": to_dicts(sample.student_messages),
        "completion": sample.completion,
    }


def job_of(config: Verify) -> Job:
    """The work as the sandbox takes it."""
    path, _, name = (config.function or "").rpartition(":")
    function = (path, name) if config.function else None
    return Job(function, tuple(config.command or ()), config.timeout_s, config.memory_mb)


def files_of(config: Verify) -> list[Path]:
    """The files that the check names: part of what the curate stage's result depends on."""
    named = [config.function.rpartition(":")[0]] if config.function else (config.command or [])
    return [Path(name) for name in named if Path(name).is_absolute() and Path(name).is_file()]


def digests(config: Verify) -> list[str]:
    """The digests of these files; what they import in turn is not followed."""
    return [digest_file(path) for path in files_of(config)]


def _verdict(sample: Sample, answer: dict[str, Any]) -> Verdict:
    match answer:
        case {"passed": True} | {"code": 0, "last": _}:
            return Keep(sample)
        case {"passed": False} | {"code": 1}:
            return Drop("verify_failed")
        case {"timeout": True}:
            return Drop("verify_timeout")
        case {"memory": True}:
            return Drop("verify_memory")
    return Drop("verify_error", detail=answer.get("error") or exit_of(answer))


def exit_of(answer: Mapping[str, Any]) -> str:
    """How a command ended, in words."""
    code, last = answer.get("code", 0), answer.get("last", "")
    how = f"exit status {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"
    return f"{how}: {last}" if last else how
