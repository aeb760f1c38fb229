"""The train stage: the corpus and the recipe's base become RUN/student."""

from __future__ import annotations

from pathlib import Path

from pipeline.inference.provenance import provenance
from pipeline.recipe.local_teacher import prepare_teacher
from pipeline.recipe.recipe import Recipe
from pipeline.run.context import Context
from pipeline.run.counts import TrainCounts
from pipeline.run.directory import RunDir
from pipeline.train.distributed import call_others, is_called
from pipeline.train.log import open_log
from prompts.errors import InputError
from students.base.prepare import prepare_base
from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
from students.result import Progress


def work(context: Context) -> TrainCounts:
    """Trains, going on from a checkpoint where there is one; returns the counts for the manifest."""
    recipe, run, progress = context.recipe, context.run, context.progress
    _require_other_base(context)
    progress.start("train", 0)
    progress.update(0, "loading the base and the rows")
    with open_log(run.train_log) as log:

        def on_progress(now: Progress) -> None:
            log.step(now)
            text = describe(now)
            progress.update(now.step, text, total=now.total_steps, figures=figures(now), left_s=now.seconds_left)

        job = prepare_job(recipe, run, recipe.student, out=run.student, work=run.checkpoints)
        call_others()  # only now: they would each write the same base and cache
        result = train(job, on_progress=on_progress, provenance=provenance(recipe, run))
        log.end(result)
    if result.steps < result.planned_steps:
        measured = f"{recipe.student.patience} measurements of the validation loss"
        progress.say(f"train: stopped at step {result.steps} of {result.planned_steps}: {measured} got no better")
    return TrainCounts.of(result)


def join(recipe: Recipe, run: RunDir) -> None:
    """Trains with the first process of a launcher, where that has something to train; says and writes nothing."""
    if is_called():
        job = prepare_job(recipe, run, recipe.student, out=run.student, work=run.checkpoints)
        train(job, provenance=provenance(recipe, run))


def _require_other_base(context: Context) -> None:
    """Raises InputError where the base is the student that would be replaced: each run would train it once more."""
    if Path(context.recipe.student.base).resolve() == context.run.student.resolve():
        remedy = "Give this recipe another --dir, or copy the student first"
        raise InputError("is this run's own student", path=context.run.student, field="student.base", remedy=remedy)


def prepare_job(recipe: Recipe, run: RunDir, config: StudentConfig, *, out: Path, work: Path) -> Job:
    """Prepares a training on the run's corpus, with the recipe's own config or another: its base and its teacher."""
    return Job(
        config,
        corpus=run.kept,
        base=str(prepare_base(config.base, cache=run.work)),
        teacher=prepare_teacher(config, recipe.specs, run.work),
        out=out,
        work=work,
        cache_folder=run.work,
        logs=run.logs,
    )


def figures(now: Progress) -> dict[str, float | None]:
    """Returns a step's numbers for machines."""
    return {"loss": now.loss, "validation_loss": now.validation_loss, "tokens_per_s": round(now.tokens_per_s, 1)}


def describe(now: Progress) -> str:
    """Returns the same for people."""
    watched = "" if now.validation_loss is None else f", validation {now.validation_loss:.3f}"
    return f"loss {now.loss:.3f}{watched}, {now.tokens_per_s:.0f} tokens/s"
