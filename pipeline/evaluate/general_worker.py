"""One model on the tasks of `evaluate.general`, as a program: lm-eval seeds, prints and asks git for itself.

Reads a JSON object from standard input: model (a directory or hub id), tasks (files), limit, cache (a folder), out.
Writes to the file `out`: task -> {metric, higher_is_better, value, stderr, rows: {doc_id: value}}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

BATCH = 8
STDERR_RESAMPLES = 1000
"""lm-eval's own, for metrics that are no mean; of a mean it has the formula."""


def main() -> None:
    """Runs lm-eval's simple_evaluate with its HF model."""
    import lm_eval
    import torch
    from lm_eval.tasks import TaskManager

    asked = json.load(sys.stdin)
    evaluated = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": asked["model"]},
        tasks=[load_task(Path(task), asked["cache"]) for task in asked["tasks"]],
        task_manager=TaskManager(include_defaults=False),
        limit=asked["limit"],
        batch_size=BATCH,
        device="cuda" if torch.cuda.is_available() else "cpu",
        bootstrap_iters=STDERR_RESAMPLES,
    )
    results = {name: read_result(evaluated, name) for name in evaluated["samples"]}
    Path(asked["out"]).write_text(json.dumps(results), encoding="utf-8")


def load_task(path: Path, cache: str) -> dict[str, Any]:
    """Reads a task file as a config whose data files are absolute, and whose data set is cached in the run."""
    from lm_eval.tasks._yaml_loader import load_yaml

    config: dict[str, Any] = load_yaml(path)
    options = dict(config.get("dataset_kwargs") or {})
    if "data_files" in options:
        options["data_files"] = _beside(path.parent, options["data_files"])
        options["cache_dir"] = cache
        config["dataset_kwargs"] = options
    return config


def read_result(results: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Reads the task's first metric, under its first filter, over all rows and on each."""
    scores = results["results"][task]
    key = next(name for name in scores if "," in name and not name.partition(",")[0].endswith("_stderr"))
    metric, _, kind = key.partition(",")
    rows = {}
    for sample in results["samples"][task]:
        # A metric that is no mean, such as a corpus score, has no number on a row.
        if sample["filter"] == kind and isinstance(sample.get(metric), Real):
            rows[str(sample["doc_id"])] = float(sample[metric])
    stderr = scores.get(f"{metric}_stderr,{kind}")
    return {
        "metric": metric,
        "higher_is_better": bool(results["higher_is_better"][task].get(metric, True)),
        "value": float(scores[key]),
        "stderr": float(stderr) if isinstance(stderr, Real) else None,
        "rows": rows,
    }


def _beside(folder: Path, files: Any) -> Any:
    """Makes `data_files` of datasets absolute: a file, a list of them, or either by split."""
    if isinstance(files, str):
        return files if "://" in files else str((folder / files).resolve())
    if isinstance(files, list):
        return [_beside(folder, file) for file in files]
    return {split: _beside(folder, file) for split, file in files.items()}


if __name__ == "__main__":
    main()
