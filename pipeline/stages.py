"""The stages, in order: what each depends on, what it leaves, and when it runs again."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.curate.inputs import curate_inputs
from pipeline.curate.require import require_preferences
from pipeline.decisions.rulings import read_rulings
from pipeline.inference.endpoints import configure_scorer, configure_teachers
from pipeline.inference.terms import check_terms
from pipeline.recipe.general import require_general
from pipeline.recipe.recipe import Recipe
from pipeline.run.context import Context
from pipeline.run.counts import Counts
from pipeline.run.directory import SCHEMA_VERSION, RunDir
from pipeline.run.files import is_stale
from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.template_source import read_template
from students.base.digests import model_files_digest
from students.export.find import FORMS, require_exports
from students.finetune.monitors import require_monitors


@dataclass(slots=True, frozen=True)
class Card:
    """A file of a stage that follows the recipe, and what was measured since, without making the stage run again."""

    file: Callable[[RunDir], Path]
    sources: Callable[[RunDir], tuple[Path, ...]]
    """What it is made of. As make does, it is written again where one of these is newer."""
    module: str
    """Has `refresh(context)`."""


@dataclass(slots=True, frozen=True)
class Stage:
    """A stage runs when `inputs` or an upstream stage has changed, or one of its files is missing."""

    name: str
    inputs: Callable[[Recipe], Any]
    outputs: Callable[[RunDir], tuple[Path, ...]]
    module: str
    """Has `work(context) -> counts`, safe to repeat after a kill. Imported only to run: it may be heavy."""
    card: Card | None = None
    files: Callable[[Recipe], Sequence[Path]] = lambda _: ()
    """Files and directories whose bytes are inputs too; large ones are read again only where they were touched."""
    found: Callable[[RunDir], Any] = lambda _: None
    """Inputs that people put into the run directory itself; None where there are none."""
    wanted: Callable[[Recipe], bool] = lambda _: True
    """Whether the recipe has work for it; without, it is passed over, and later stages do not depend on it."""


def run_stages(context: Context, first: str, last: str, *, force_from: str | None = None) -> None:
    """Brings the stages from `first` to `last` up to date; earlier ones must be so already.

    `force_from` runs that stage and the later ones even where nothing changed.
    """
    _check(context, NAMES[NAMES.index(first) : NAMES.index(last) + 1])
    upstream = ""
    for position, stage in enumerate(STAGES):
        if not stage.wanted(context.recipe):
            continue
        found = stage.found(context.run)
        inputs = [SCHEMA_VERSION, stage.name, _inputs(context, stage), upstream]
        fingerprint = _fingerprint(inputs, found)
        current = _is_current(context, stage, fingerprint)
        forced = force_from is not None and position >= NAMES.index(force_from)
        if position < NAMES.index(first):
            if not current:
                raise InputError(
                    f"the stage '{stage.name}' is not up to date in {context.run.root}",
                    remedy=f"Run 'stillhouse {stage.name}' first, or 'stillhouse run' for all",
                )
        elif position > NAMES.index(last):
            return
        elif current and not forced:
            _refresh(context, stage.card)
            context.progress.say(f"{stage.name}: up to date")
        else:
            _work(context, stage, fingerprint)
        counts = context.manifest.stages[stage.name].counts
        assert counts is not None  # it is done
        if found is not None:
            fingerprint = _fingerprint(inputs, counts.rulings_for_later(found))
        upstream = digest([fingerprint, counts.outcomes_for_later()])


def _check(context: Context, wanted: Sequence[str]) -> None:
    """What can be known of these stages before a teacher is paid: InputError, MissingExtra, or a remark."""
    recipe, say = context.recipe, context.progress.say
    if "train" in wanted:
        require_preferences(recipe, context.run)
        require_monitors(recipe.student.report_to)
        _say_too_little_memory(context)
    if "package" in wanted:
        require_exports(recipe.exports)
    if "evaluate" in wanted:
        require_general(recipe.evaluate.general)
    if wanted[0] == "package" and not recipe.exports:
        raise InputError(
            "is empty, so there is nothing to package", field="exports", remedy=f"Name some of {', '.join(FORMS)}"
        )
    if wanted[-1] in ("evaluate", "report") and _is_unscored(context):
        say(
            "evaluate: prompts.gold is not set and no judge scores, so nobody will have a score: only agreement with "
            "the teacher, KL, speed and cost. Name the column with the right answers, set evaluate.scorer to judge, or "
            "give some with 'stillhouse review RUN --split heldout'"
        )
    for remark in check_terms(recipe):
        say(remark)


def _say_too_little_memory(context: Context) -> None:
    """Said and not refused, as `plan` does: an estimate may be wrong, and other stages need no such memory."""
    from pipeline.train.memory import plan_training, require_memory

    try:
        require_memory(plan_training(context.recipe))
    except InputError as error:
        context.progress.say(f"train: {error}")


def _fingerprint(inputs: Sequence[Any], found: Any) -> str:
    return digest(inputs if found is None else [*inputs, found])


def _is_unscored(context: Context) -> bool:
    recipe = context.recipe
    if recipe.prompts.gold is not None or not recipe.evaluate.scorer.needs_gold:
        return False
    return not read_rulings(context.run.reviews).gold


def _inputs(context: Context, stage: Stage) -> Any:
    inputs, files = stage.inputs(context.recipe), stage.files(context.recipe)
    return [inputs, *(model_files_digest(file, context.run.work) for file in files)] if files else inputs


def _is_current(context: Context, stage: Stage, fingerprint: str) -> bool:
    if not context.manifest.is_done(stage.name, fingerprint):
        return False
    counts = context.manifest.stages[stage.name].counts
    if counts is None or counts.left_to_ask():
        return False
    return all(path.exists() for path in stage.outputs(context.run))


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
    parts = []
    for name, value in counts.to_dict().items():
        if isinstance(value, int | float) and value:
            number = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
            parts.append(f"{number} {name.replace('_', ' ')}")
    return ", ".join(parts)


def _generate_inputs(recipe: Recipe) -> Any:
    prompts = recipe.prompts
    # What changes no answer is left out: a faster, cheaper or more patient rerun is the same stage.
    asked = recipe.generate.model_dump(exclude={"concurrency", "attempts", "timeout_s", "lane", "budget_usd"})
    scorer = configure_scorer(recipe)
    return [
        None if recipe.generate.accept is None else curate_inputs(recipe),
        [endpoint.fingerprint() for endpoint in configure_teachers(recipe, system=False)],
        recipe.combine.model_dump(exclude={"judge", "rubric", "min_share"}),
        None if scorer is None else scorer.fingerprint(),
        [digest_file(prompts.source), prompts.template and read_template(prompts.template).digest],
        [prompts.gold, prompts.group, prompts.limit, asked],
    ]


def _trained_on(recipe: Recipe) -> list[Path]:
    """What the student's settings name: pairs, and a base that is a directory."""
    preference, base = recipe.student.preference, Path(recipe.student.base)
    pairs = [] if preference is None or preference.pairs is None else [Path(preference.pairs)]
    return [*pairs, base] if base.is_dir() else pairs


def _evaluate_inputs(recipe: Recipe) -> Any:
    """The settings, and the bytes of what they name: general tasks, your scorer's files, earlier runs' answers."""
    config = recipe.evaluate
    named = [*config.general.tasks, *config.scorer.files(), *(run / "answers.parquet" for run in config.against)]
    settings = config.model_dump(mode="json")
    return [settings, *map(digest_file, named)] if named else settings


STAGES = (
    Stage("generate", _generate_inputs, lambda run: (run.journal, run.replies), "pipeline.generate.stage"),
    Stage(
        "curate",
        curate_inputs,
        lambda run: (run.kept, run.dropped, run.preferences, run.dataset / "README.md"),
        "pipeline.curate.stage",
        card=Card(
            lambda run: run.dataset / "README.md", lambda run: (run.recipe, run.kept), module="pipeline.dataset.card"
        ),
        found=lambda run: read_rulings(run.reviews).digest,
    ),
    Stage(
        "train",
        lambda recipe: recipe.student.deciding(),
        lambda run: (run.student,),
        "pipeline.train.stage",
        card=Card(
            lambda run: run.student / "README.md",
            lambda run: (run.recipe, run.kept, run.evaluation, run.package),
            module="pipeline.train.card",
        ),
        files=_trained_on,
    ),
    Stage(
        "package",
        lambda recipe: recipe.exports,
        lambda run: (run.package,),
        "pipeline.package.stage",
        wanted=lambda recipe: bool(recipe.exports),
    ),
    Stage(
        "evaluate",
        _evaluate_inputs,
        lambda run: (run.answers, run.evaluation),
        "pipeline.evaluate.stage",
        found=lambda run: read_rulings(run.reviews).gold_digest,
    ),
    Stage(
        "report",
        lambda recipe: [recipe.name, recipe.report.model_dump()],
        lambda run: (run.report, run.report_markdown, run.comparison_csv),
        "pipeline.report.stage",
    ),
)

NAMES = tuple(stage.name for stage in STAGES)
