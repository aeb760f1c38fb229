"""The stages, in their order, and what runs when. Each is declared in its own room.

fingerprint = the stage's inputs + what people decided + the stages before it
the manifest has this fingerprint, done, and every file is there  ──▶  up to date
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from typing import Any

from pipeline.curate.declaration import STAGE as CURATE
from pipeline.decisions.rulings import read_rulings
from pipeline.evaluate.declaration import STAGE as EVALUATE
from pipeline.generate.declaration import STAGE as GENERATE
from pipeline.inference.terms import check_terms
from pipeline.package.declaration import STAGE as PACKAGE
from pipeline.report.declaration import STAGE as REPORT
from pipeline.run.context import Context
from pipeline.run.counts import Counts
from pipeline.run.directory import SCHEMA_VERSION
from pipeline.run.files import is_stale
from pipeline.run.stage import Card, Stage
from pipeline.train.declaration import STAGE as TRAIN
from prompts.digest import digest
from prompts.errors import InputError
from students.base.digests import model_files_digest
from students.export.find import FORMS

STAGES = (GENERATE, CURATE, TRAIN, PACKAGE, EVALUATE, REPORT)
NAMES = tuple(stage.name for stage in STAGES)


def run_stages(context: Context, first: str, last: str, *, force_from: str | None = None) -> None:
    """Brings the stages from `first` to `last` up to date; earlier ones must be so already.

    `force_from` runs that stage and the later ones even where nothing changed.
    """
    begin, end = NAMES.index(first), NAMES.index(last)
    forced = len(STAGES) if force_from is None else NAMES.index(force_from)
    _check(context, STAGES[begin : end + 1])
    upstream = ""
    for position, stage in enumerate(STAGES[: end + 1]):
        if not stage.is_wanted(context.recipe):
            continue
        # Apart from the other inputs, for later stages depend on some of them alone.
        rulings = stage.rulings(context.run)
        inputs = [SCHEMA_VERSION, stage.name, _inputs(context, stage), upstream]
        fingerprint = _fingerprint(inputs, rulings)
        current = _is_current(context, stage, fingerprint)
        if position < begin:
            _require_current(context, stage, current)
        elif current and position < forced:
            _refresh(context, stage.card)
            context.progress.say(f"{stage.name}: up to date")
        else:
            _work(context, stage, fingerprint)
        upstream = _seen_by_later(context, stage, inputs, rulings)


def _check(context: Context, stages: Sequence[Stage]) -> None:
    """Before a teacher is paid: raises what is known to go wrong, and says what a user may not have meant."""
    for stage in stages:
        stage.check(context)  # of the stages that will run: others need not be installed for
    if stages[0] is PACKAGE and not context.recipe.exports:
        # As a part of a run it is passed over; asked for by name, it would do nothing and say nothing.
        remedy = f"Name some of {', '.join(FORMS)}"
        raise InputError("is empty, so there is nothing to package", field="exports", remedy=remedy)
    if stages[-1] in (EVALUATE, REPORT) and _is_unscored(context):
        context.progress.say(
            "evaluate: prompts.gold is not set and no judge scores, so nobody will have a score: only agreement with "
            "the teacher, KL, speed and cost. Name the column with the right answers, set evaluate.scorer to judge, or "
            "give some with 'stillhouse review RUN --split heldout'"
        )
    for remark in check_terms(context.recipe):
        context.progress.say(remark)


def _is_unscored(context: Context) -> bool:
    recipe = context.recipe
    if recipe.prompts.gold is not None or not recipe.evaluate.scorer.needs_gold:
        return False
    return not read_rulings(context.run.reviews).gold


def _inputs(context: Context, stage: Stage) -> Any:
    inputs, files = stage.inputs(context.recipe), stage.files(context.recipe)
    if not files:
        return inputs
    return [inputs, *(model_files_digest(file, context.run.work) for file in files)]


def _fingerprint(inputs: Sequence[Any], rulings: str | None) -> str:
    return digest(inputs if rulings is None else [*inputs, rulings])


def _is_current(context: Context, stage: Stage, fingerprint: str) -> bool:
    if not context.manifest.is_done(stage.name, fingerprint):
        return False
    if _counts(context, stage).left_to_ask():
        return False  # done as far as it went: the same command tries the rest again
    return all(path.exists() for path in stage.outputs(context.run))


def _require_current(context: Context, stage: Stage, current: bool) -> None:
    # Not run here: `stillhouse train` must not pay a teacher whom nobody told it to ask.
    if not current:
        raise InputError(
            f"the stage '{stage.name}' is not up to date in {context.run.root}",
            remedy=f"Run 'stillhouse {stage.name}' first, or 'stillhouse run' for all",
        )


def _seen_by_later(context: Context, stage: Stage, inputs: Sequence[Any], rulings: str | None) -> str:
    """Names what later stages depend on.

    A decision about a row that they do not see is no part of it; a failure that was mended is.
    """
    counts = _counts(context, stage)
    if rulings is not None:
        rulings = counts.rulings_for_later(rulings)
    return digest([_fingerprint(inputs, rulings), counts.outcomes_for_later()])


def _counts(context: Context, stage: Stage) -> Counts:
    counts = context.manifest.stages[stage.name].counts
    assert counts is not None  # the stage is done
    return counts


def _refresh(context: Context, card: Card | None) -> None:
    if card is None:
        return
    if is_stale(card.file(context.run), card.sources(context.run)):
        # Late: it reads the corpus, and pyarrow takes as long to import as all else that a rerun does.
        importlib.import_module(card.module).refresh(context)


def _work(context: Context, stage: Stage, fingerprint: str) -> None:
    started = time.monotonic()
    if misfit := context.manifest.misfits.get(stage.name):
        context.progress.say(f"{stage.name}: runs again: manifest.json has counts that do not fit ({misfit})")
    try:
        with context.manifest.recorded(stage.name, fingerprint) as work:
            counts: Counts = importlib.import_module(stage.module).work(context)
            work.counts = counts
    finally:
        context.progress.finish()
    context.progress.say(f"{stage.name}: {_summary(counts)} in {time.monotonic() - started:.1f} s")


def _summary(counts: Counts) -> str:
    """The numbers that are not 0; what is counted by kind is for `status` and the page."""
    parts = []
    for name, value in counts.to_dict().items():
        if not isinstance(value, int | float) or not value:
            continue
        number = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
        parts.append(f"{number} {name.replace('_', ' ')}")
    return ", ".join(parts)
