"""General ability: base and student on tasks of lm-eval (Gao et al., doi:10.5281/zenodo.12608602), so that forgetting
is seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from pipeline.process.die_with_parent import die_with_parent
from pipeline.process.log_tail import log_tail
from pipeline.recipe.general import General, require_general
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.errors import RunError
from pipeline.run.evaluation import BASE, STUDENT
from pipeline.statistics.bootstrap import Bootstrap
from pipeline.statistics.intervals import Size, of_any_mean, of_difference
from prompts.digest import digest, digest_file
from teachers.local.huggingface_files import version

ENV = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
"""Tasks and data are local. A base that is a hub id was downloaded when it was trained on."""

MEAN_TOLERANCE = 1e-6

Scores = Mapping[str, Mapping[str, Any]]
"""Task -> what the worker writes."""


def measure_general(context: Context, base: Path | str) -> dict[str, Any] | None:
    """Task -> metric, base, student, their paired difference, rows; None where the recipe names no task.

    What one model scored is kept in RUN/work: after a kill, or with another student, it is not measured again.
    MissingExtra without lm-eval; RunError, with the end of its log, where it fails.
    """
    config = context.recipe.evaluate
    if not config.general.tasks:
        return None
    require_general(config.general)
    found = {}
    for name, model in ((BASE, base), (STUDENT, context.run.student)):
        context.progress.say(f"evaluate: general ability of the {name}, by lm-eval")
        found[name] = _measure(context.run, config.general, str(model))
    return compare_general(found[BASE], found[STUDENT], resamples=config.resamples, seed=config.seed)


def compare_general(base: Scores, student: Scores, *, resamples: int, seed: int) -> dict[str, Any]:
    """Both models' scores side by side. The difference, student less base, has an interval where each score is the
    mean of its rows' values, the rows resampled in pairs; null where it is not."""
    return {
        task: {
            "metric": mine["metric"],
            "higher_is_better": mine["higher_is_better"],
            BASE: {"value": base[task]["value"], "stderr": base[task]["stderr"]},
            STUDENT: {"value": mine["value"], "stderr": mine["stderr"]},
            "difference": {
                "value": mine["value"] - base[task]["value"],
                "ci95": _interval(base[task], mine, resamples, seed),
            },
            "rows": len(mine["rows"]),
        }
        for task, mine in student.items()
    }


def _interval(base: Mapping[str, Any], student: Mapping[str, Any], resamples: int, seed: int) -> list[float] | None:
    ids = sorted(student["rows"])
    if not ids or ids != sorted(base["rows"]):
        return None
    scores_NK = np.array([[base["rows"][row], student["rows"][row]] for row in ids])
    told = np.array([base["value"], student["value"]])
    if np.abs(scores_NK.mean(axis=0) - told).max() > MEAN_TOLERANCE:
        return None
    size = Size(len(ids), len(ids))
    one, other = np.vstack([scores_NK.mean(axis=0), Bootstrap(ids, resamples, seed).means(scores_NK)]).T
    are_shares = scores_NK.min() >= 0 and scores_NK.max() <= 1
    return of_difference(other, one, size) if are_shares else of_any_mean(other - one, size)


def _measure(run: RunDir, general: General, model: str) -> Scores:
    folder = run.work / "general"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{_key(general, model)}.json"
    if not kept.exists():
        beside = kept.with_suffix(".tmp")
        asked = {"model": model, "tasks": [str(task) for task in general.tasks], "limit": general.limit}
        _run_worker({**asked, "cache": str(folder / "datasets"), "out": str(beside)}, run.logs / "lm-eval.log")
        beside.replace(kept)
    scores: Scores = orjson.loads(kept.read_bytes())
    return scores


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
    files = sorted(file for folder in folders for file in folder.iterdir() if file.is_file())
    digests = [[file.name, digest_file(file)] for file in files]
    tasks = [str(task) for task in general.tasks]
    return digest([version(model) or model, tasks, general.limit, digests, metadata.version("lm-eval")])
