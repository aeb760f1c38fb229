"""General ability: base and student on tasks of lm-eval (Gao et al., doi:10.5281/zenodo.12608602), so that forgetting
is seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.evaluate.comparison.resampling import as_pair
from pipeline.process.die_with_parent import die_with_parent
from pipeline.process.log_tail import log_tail
from pipeline.recipe.general import General, require_general
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.errors import RunError
from pipeline.run.evaluation import BASE, STUDENT
from pipeline.run.evaluation.contestants import GeneralTask, TaskScore
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.parse import parse
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import Interval, Size, of_any_mean, of_difference
from prompts.digest import digest, digest_file
from teachers.local.huggingface_files import version

ENV = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
"""Tasks and data are local. A base that is a hub id was downloaded when it was trained on."""

MEAN_TOLERANCE = 1e-6


@dataclass(slots=True, frozen=True)
class TaskResult:
    """A model on a task, as the worker writes it."""

    metric: str
    higher_is_better: bool
    value: float
    stderr: float | None
    rows: Mapping[str, float]
    """Id of a row -> its value."""


Results = dict[str, TaskResult]
"""By task."""


@dataclass(slots=True, frozen=True)
class Draws:
    """The bootstrap of the differences."""

    resamples: int
    seed: int


def measure_general(context: Context, base: Path | str) -> dict[str, GeneralTask]:
    """Measures both models on each task; none where the recipe names no task.

    What one model scored is kept in RUN/work: after a kill, or with another student, it is not measured again.
    MissingExtra without lm-eval; RunError, with the end of its log, where it fails.
    """
    config = context.recipe.evaluate
    if not config.general.tasks:
        return {}
    require_general(config.general)
    results = {}
    for name, model in ((BASE, base), (STUDENT, context.run.student)):
        context.progress.say(f"evaluate: general ability of the {name}, by lm-eval")
        results[name] = _measure(context.run, config.general, str(model))
    return compare_general(results[BASE], results[STUDENT], Draws(config.resamples, config.seed))


def compare_general(base: Results, student: Results, draws: Draws) -> dict[str, GeneralTask]:
    """Returns both models' scores side by side.

    The difference has an interval where each score is the mean of its rows' values, the rows resampled in pairs.
    """
    return {task: _compare(base[task], result, draws) for task, result in student.items()}


def _compare(base: TaskResult, student: TaskResult, draws: Draws) -> GeneralTask:
    rows = len(student.rows)
    difference = Estimate(student.value - base.value, as_pair(_interval(base, student, draws)), rows)
    return GeneralTask(
        metric=student.metric,
        higher_is_better=student.higher_is_better,
        base=TaskScore(base.value, base.stderr),
        student=TaskScore(student.value, student.stderr),
        difference=difference,
    )


def _interval(base: TaskResult, student: TaskResult, draws: Draws) -> Interval | None:
    ids = sorted(student.rows)
    if not ids or ids != sorted(base.rows):
        return None
    scores_NK = np.array([[base.rows[row], student.rows[row]] for row in ids])
    # A score that is no mean of its rows, such as a perplexity, has no interval from resampling rows.
    stated = np.array([base.value, student.value])
    if np.abs(scores_NK.mean(axis=0) - stated).max() > MEAN_TOLERANCE:
        return None
    size = Size(len(ids), len(ids))
    bootstrap = Bootstrap(ids, draws.resamples, draws.seed)
    base_mean, student_mean = np.vstack([scores_NK.mean(axis=0), bootstrap.means(scores_NK)]).T
    are_shares = scores_NK.min() >= 0 and scores_NK.max() <= 1
    if are_shares:
        return of_difference(student_mean, base_mean, size)
    return of_any_mean(student_mean - base_mean, size)


def _measure(run: RunDir, general: General, model: str) -> Results:
    folder = run.work / "general"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{_key(general, model)}.json"
    if not kept.exists():
        # Renamed when it is whole: a kill leaves no half of it under its name.
        beside = kept.with_suffix(".tmp")
        asked = {"model": model, "tasks": [str(task) for task in general.tasks], "limit": general.limit}
        _run_worker({**asked, "cache": str(folder / "datasets"), "out": str(beside)}, run.logs / "lm-eval.log")
        beside.replace(kept)
    return parse(Results, kept.read_bytes())


def _run_worker(asked: dict[str, Any], log: Path) -> None:
    log.parent.mkdir(exist_ok=True)
    command = die_with_parent([sys.executable, "-P", "-m", "pipeline.evaluate.general_worker"])
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            input=json.dumps(asked).encode(),
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ENV},
            check=False,
        )
    if done.returncode:
        raise RunError(f"lm-eval ended with exit status {done.returncode}. {log_tail(log)}")


def _key(general: General, model: str) -> str:
    """Names the model's bytes, the tasks and all that lies beside them, and the version that reads them."""
    folders = sorted({task.parent for task in general.tasks})
    files = []
    for folder in folders:
        files += [file for file in folder.iterdir() if file.is_file()]
    digests = [[file.name, digest_file(file)] for file in sorted(files)]
    tasks = [str(task) for task in general.tasks]
    return digest([version(model) or model, tasks, general.limit, digests, metadata.version("lm-eval")])
