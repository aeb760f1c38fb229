"""`stillhouse tune`: brings the corpus up to date, tries settings, and leaves the best as a recipe."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from pipeline.curate.require import require_preferences
from pipeline.recipe.recipe import Recipe
from pipeline.run.context import Context
from pipeline.run.directory import open_run
from pipeline.run.errors import RunError
from pipeline.run.files import write_text
from pipeline.run.progress import Progress
from pipeline.train.stage import describe, figures
from pipeline.tune.outcome import TuneOutcome, best_of, outcome_of, trial_outcome
from pipeline.tune.space import Space, own_values, space_of, with_values
from pipeline.tune.study import next_trial, open_study, require_optuna
from pipeline.tune.table import trial_line
from pipeline.tune.trial import Attempt
from prompts.digest import digest, digest_file
from students.base.prepare import base_digest, prepare_base
from students.extra import require_training
from students.result import Progress as TrainingProgress

if TYPE_CHECKING:
    import optuna

STUDY = "study.jsonl"
RESULT = "tune.json"


def tune(recipe: Recipe, root: Path, progress: Progress, bring_up_to_date: Callable[[Context], None]) -> TuneOutcome:
    """Runs the trials that are owed, on the corpus that `bring_up_to_date` leaves.

    The result is in RUN/tune/tune.json too, the best settings in RUN/tuned.yaml. A trial that was under way when a
    process ended goes on from its checkpoint. Raises MissingExtra or InputError before any work, RunError where no
    trial came to an end.
    """
    require_training()
    require_optuna()
    space = space_of(recipe.student, recipe.tune.space)
    with open_run(root, recipe) as (run, manifest):
        context = Context(recipe, run, manifest, progress)
        require_preferences(recipe, run)  # before a teacher is paid
        bring_up_to_date(context)
        run.tune.mkdir(exist_ok=True)
        # Another corpus, base or space is another study: what was measured on the old one tells nothing of it.
        name = study_name(context, space)
        with manifest.recorded("tune", name):
            study = open_study(run.tune / STUDY, name, recipe.tune)
            Search(context, study, space).run()
            outcome = outcome_of(study, recipe, run)
            write_text(run.tune / RESULT, orjson.dumps(outcome.to_dict(), option=orjson.OPT_INDENT_2).decode() + "\n")
    if outcome.best is None:
        reasons = {trial.error for trial in outcome.trials if trial.error}
        raise RunError(f"no trial came to an end: {'; '.join(sorted(reasons)) or 'the time was over before one had'}")
    return outcome


def study_name(context: Context, space: Space) -> str:
    """Names the search by all that its results depend on; the number of trials is not among it."""
    recipe, run = context.recipe, context.run
    base = base_digest(prepare_base(recipe.student.base, cache=run.work), run.work)
    plain: dict[str, Any] = {}
    for setting, values in space.items():
        plain[setting] = list(values) if isinstance(values, list) else values.model_dump()
    # The number of trials and the time may be raised later: the same search goes on.
    tuned = recipe.tune.model_dump(include={"objective", "prune", "seed"})
    return digest([plain, tuned, recipe.student.deciding(), base, digest_file(run.kept)])


@dataclass(slots=True, frozen=True)
class Search:
    """The trials of one study."""

    context: Context
    study: optuna.Study
    space: Space

    def run(self) -> None:
        """Runs trials until there are as many as the recipe wants, or its time is over."""
        tune, progress = self.context.recipe.tune, self.context.progress
        began_s = time.monotonic()
        if ended := self._ended():
            progress.say(f"tune: {ended} of {tune.trials} trials have ended already")
        progress.start("tune", tune.trials)
        while (ended := self._ended()) < tune.trials:
            if tune.timeout_s is not None and time.monotonic() - began_s >= tune.timeout_s:
                progress.say(f"tune: {tune.timeout_s:g} s are over after {ended} of {tune.trials} trials")
                break
            progress.update(ended)
            self._try_next(ended)
        progress.finish()

    def _try_next(self, ended: int) -> None:
        context, progress = self.context, self.context.progress
        recipe = context.recipe
        trial = next_trial(self.study, self.space, recipe.tune.seed, own_values(recipe.student, self.space))
        place = context.run.tune / f"trial-{trial.number:03}"
        # A trial's folder goes with its end: one that is there was interrupted.
        if place.exists():
            progress.say(f"tune: trial {trial.number} goes on where it was interrupted")
        config = with_values(recipe.student, trial.params)

        def show(now: TrainingProgress) -> None:
            text = f"trial {trial.number}: step {now.step}/{now.total_steps}, {describe(now)}"
            progress.update(ended, text, figures={"trial": trial.number, **figures(now)})

        Attempt(context, self.study, trial, config, place, recipe.tune, show).run()
        progress.say(trial_line(trial_outcome(self.study.get_trials(deepcopy=False)[trial.number])))
        self._keep_best()

    def _keep_best(self) -> None:
        """Writes the recipe of the best so far: an interrupted search leaves one too."""
        best = best_of(self.study)
        # After each trial, not at the end: a search may take days.
        if best is not None:
            recipe = self.context.recipe
            student = with_values(recipe.student, best.params)
            write_text(self.context.run.tuned, recipe.model_copy(update={"student": student}).to_yaml())

    def _ended(self) -> int:
        return sum(trial.state.is_finished() for trial in self.study.get_trials(deepcopy=False))
