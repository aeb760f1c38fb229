"""Scorer's name -> scorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.evaluate.scorers.base import Scorer
from pipeline.evaluate.scorers.judge import JudgeScorer
from pipeline.evaluate.scorers.limited import function_scorer, tests_scorer
from pipeline.evaluate.scorers.match import ExactScorer, LabelScorer
from pipeline.evaluate.scorers.overlap import OverlapScorer
from pipeline.evaluate.scorers.structured import JsonScorer, NumericScorer
from pipeline.recipe.evaluate import Evaluate, ScorerName
from prompts.errors import InputError

SCORERS: Mapping[ScorerName, Callable[[Evaluate], Scorer]] = {
    "label": lambda config: _label(config),
    "exact": lambda config: ExactScorer(),
    "json": lambda config: JsonScorer(tuple(config.fields)),
    "numeric": lambda config: NumericScorer(config.tolerance),
    "rouge": lambda config: OverlapScorer("rouge"),
    "bleu": lambda config: OverlapScorer("bleu"),
    "chrf": lambda config: OverlapScorer("chrf"),
    "tests": lambda config: tests_scorer(config.command, config.timeout_s, config.memory_mb),
    "function": lambda config: function_scorer(config.function or "", config.timeout_s, config.memory_mb),
    "judge": lambda config: JudgeScorer(),
}


def scorer_for(config: Evaluate) -> Scorer:
    """The recipe's scorer; InputError where `label` has no labels."""
    return SCORERS[config.scorer](config)


def _label(config: Evaluate) -> LabelScorer:
    if config.labels is None:
        raise InputError("the scorer 'label' needs labels", field="evaluate.labels", remedy="For example [spam, ham]")
    return LabelScorer(tuple(config.labels))
