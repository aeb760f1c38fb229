"""What the recipe's judges said of one sample, as far as the journal knows their questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from pipeline.curate.tokens import NO_TOKENS
from pipeline.explain.verdicts import Judged
from pipeline.judge.ask import recall_judge
from pipeline.recipe.load import read_resolved
from pipeline.recipe.step import Ask, Opinion, Step
from pipeline.recipe.verdict import Sample
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.progress import Progress
from prompts.messages import from_dicts


def recall_opinions(run: RunDir, row: Mapping[str, Any], reply: str) -> list[Judged]:
    """Returns each judge's score of a curated row with its reason.

    A step after the judge may have rewritten the completion since: the judge may have seen the reply.
    """
    recipe = read_resolved(run.recipe)
    context = Context(recipe, run, run.load_manifest(), Progress())
    seen = _sample(row, row["completion"][0]["content"]), _sample(row, reply)
    opinions = []
    for step in recipe.curation.steps:
        opinion = _recall(step, seen, partial(recall_judge, context))
        if opinion is not None:
            opinions.append(Judged(opinion.rubric, opinion.score, opinion.reason))
    return opinions


def _recall(step: Step, seen: Iterable[Sample], recall: Ask) -> Opinion | None:
    for sample in seen:
        opinion = step.opinion(sample, recall)
        if opinion is not None:
            return opinion
    return None


def _sample(row: Mapping[str, Any], completion: str) -> Sample:
    return Sample("", "", (), from_dicts(row["prompt"]), "", "ok", NO_TOKENS, row["split"], "", completion)
