"""The front door: a base and a corpus become a student. Light to import; torch loads when it trains."""

from __future__ import annotations

import os

from students.card.facts import Provenance
from students.extra import require_training
from students.finetune.monitors import require_monitors
from students.job import Job
from students.result import OnProgress, OnValidation, Progress, TrainResult, Validation, ignore

__all__ = ["Job", "Progress", "Provenance", "TrainResult", "Validation", "train"]

NOT_SAID = Provenance()


def train(
    job: Job,
    *,
    on_progress: OnProgress = ignore,
    on_validation: OnValidation | None = None,
    provenance: Provenance = NOT_SAID,
) -> TrainResult:
    """Trains the job's base on the train split of its corpus and writes the student to its `out`.

    A killed training goes on from the newest whole checkpoint under `work` and ends with the same weights as an
    undisturbed one. Another config, corpus, base or number of processes begins anew. Under `accelerate launch` the
    first process alone reports and writes.

    `on_validation` is called at each measurement of the validation rows, with numbers that compare methods. It costs
    another pass over those rows, and what it raises ends the training. `provenance` is for the model card alone; the
    card also lists the teachers in the corpus's column `teacher`.

    Raises MissingExtra without the train extra, InputError for a corpus or base that cannot be used, and
    StillhouseError when the loss is no longer a number.
    """
    require_training()
    require_monitors(job.config.report_to)
    # Read when torch loads. Threads that wait spin by default, and on cores shared with anything else the others
    # then wait for them: two busy cores, a two-layer model, 20 steps: 15.4 s spinning, 2.4 s sleeping.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from students.finetune.run_job import finetune

    return finetune(job, on_progress=on_progress, on_validation=on_validation, provenance=provenance)
