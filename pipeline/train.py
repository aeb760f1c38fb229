"""The train stage: the corpus and the recipe's base become RUN/student."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from pipeline.context import Context
from pipeline.terms import provenance
from students.base import prepare_base
from students.card import write_card
from students.result import Progress, TrainResult
from students.train import train


def work(context: Context) -> dict[str, Any]:
    """Trains, going on from a checkpoint where there is one; returns the counts for the manifest."""
    run, progress = context.run, context.progress
    base = prepare_base(context.recipe.student.base, cache=run.work)
    progress.start("train", 0)
    result = train(
        context.recipe.student,
        corpus=run.kept,
        base=base,
        out=run.student,
        work=run.work / "checkpoints",
        cache=run.work,
        on_progress=lambda now: progress.update(now.step, _describe(now), total=now.total_steps),
        provenance=provenance(context.recipe, run),
    )
    return asdict(result)


def refresh(context: Context) -> None:
    """Rewrites the model card of a student that is up to date: its purpose and overrides may have changed.

    They are no part of the stage's fingerprint, for they do not change the weights.
    """
    run, counts = context.run, context.manifest.stages["train"].counts
    result = TrainResult(**{item.name: counts[item.name] for item in fields(TrainResult)})
    write_card(run.student, context.recipe.student, run.kept, result, provenance(context.recipe, run))


def _describe(now: Progress) -> str:
    watched = "" if now.validation_loss is None else f", validation {now.validation_loss:.3f}"
    return f"loss {now.loss:.3f}{watched}, {now.tokens_per_s:.0f} tokens/s"
