"""RUN/evaluation.json: written from the record, and read back whole or not at all."""

from __future__ import annotations

from typing import Any

import orjson

from pipeline.run.directory import RunDir
from pipeline.run.evaluation import VERSION
from pipeline.run.evaluation.record import Evaluation
from pipeline.run.files import write_text
from pipeline.run.parse import Misfit, parse
from prompts.errors import InputError


def write_evaluation(run: RunDir, evaluation: Evaluation) -> None:
    """Writes the file in the place of an older one."""
    write_text(run.evaluation, orjson.dumps(evaluation, option=orjson.OPT_INDENT_2).decode() + "\n")


def read_evaluation(run: RunDir) -> Evaluation:
    """Reads a run's evaluation.

    InputError where there is none, where the file is damaged, and where another version wrote it: numbers that have
    moved must not be taken for others, so nothing of such a file is read.
    """
    try:
        text = run.evaluation.read_bytes()
        values = orjson.loads(text)
    except FileNotFoundError:
        raise InputError("was not evaluated", path=run.root, remedy=f"Run '{_again(run)}' first") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path=run.evaluation, remedy=f"Run '{_again(run)}'") from error
    # Before the fields: in another version's file a hundred are amiss, and the version says why.
    _check_version(run, values)
    try:
        return parse(Evaluation, text)
    except Misfit as error:
        raise InputError(
            f"does not hold an evaluation: {error}", path=run.evaluation, remedy=f"Run '{_again(run)}'"
        ) from error


def _check_version(run: RunDir, values: Any) -> None:
    version = 1
    if isinstance(values, dict):
        version = values.get("version", 1)
    if version == VERSION:
        return
    raise InputError(
        f"is of version {version} and this is version {VERSION}: another version of stillhouse wrote it",
        path=run.evaluation,
        remedy=f"Run '{_again(run)}', which asks nobody what it has answered",
    )


def _again(run: RunDir) -> str:
    # Of no recipe by name: the run's own was written by the same version as the file, in words that may be gone.
    return f"stillhouse run RECIPE --dir {run.root} --from evaluate"
