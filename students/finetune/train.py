"""The front door: a base and a corpus become a student. Light to import; torch loads when it trains."""

from __future__ import annotations

import os
from pathlib import Path

from students.card import Provenance
from students.config import StudentConfig
from students.extra import require_training
from students.finetune.monitors import require_monitors
from students.result import OnProgress, OnValidation, Progress, TrainResult, Validation, ignore

__all__ = ["Progress", "Provenance", "TrainResult", "Validation", "train"]

NOT_SAID = Provenance()


def train(
    config: StudentConfig,
    *,
    corpus: Path,
    base: Path | str,
    out: Path,
    work: Path,
    cache: Path | None = None,
    logs: Path | None = None,
    teacher: Path | str | None = None,
    on_progress: OnProgress = ignore,
    on_validation: OnValidation | None = None,
    provenance: Provenance = NOT_SAID,
) -> TrainResult:
    """Trains `base` (from `prepare_base`) on the train split of `corpus` and writes the student to `out`.

    A killed training goes on from the newest whole checkpoint under `work` and ends with the same weights as an
    undisturbed one; another config, corpus, base or number of processes begins anew. `out` is replaced at once, when
    all is done, and the checkpoints are deleted. Under `accelerate launch` the first process alone reports and writes
    `out`. What later trainings can use again is kept in `cache`, by default the folder of `work`; `logs`, by default
    beside `work`, is where `report_to` writes. `on_validation` is called at each measurement of the validation rows,
    with numbers that compare methods; it costs another pass over those rows, and what it raises ends the training.
    `teacher`, also from `prepare_base`, is the model in memory that `on_policy` and `features` learn from.
    `provenance` is for the model card alone; the card also lists the teachers in the corpus's column `teacher`.

    Raises MissingExtra without the train extra, InputError for a corpus or base that cannot be used, and
    StillhouseError when the loss is no longer a number.
    """
    require_training()
    require_monitors(config.report_to)
    # Read when torch loads. Threads that wait spin by default, and on cores shared with anything else the others
    # then wait for them: two busy cores, a two-layer model, 20 steps: 15.4 s spinning, 2.4 s sleeping.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from students.finetune.finetune import finetune
    from students.method import Job

    cache = work.parent if cache is None else cache
    job = Job(config, corpus, str(base), out, work, cache, logs, None if teacher is None else str(teacher))
    return finetune(job, on_progress=on_progress, on_validation=on_validation, provenance=provenance)
