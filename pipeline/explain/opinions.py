"""What the recipe's judges said of one sample, as far as the journal knows their questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.curate.judging import Opinion, question_of, read_opinion
from pipeline.curate.step import Sample
from pipeline.curate.tokens import NO_TOKENS
from pipeline.judge.ask import recall_judge
from pipeline.recipe.curate import Judge
from pipeline.recipe.load import read_resolved
from pipeline.run.context import Context
from pipeline.run.directory import RunDir
from pipeline.run.progress import Progress
from prompts.messages import from_dicts


def recall_opinions(run: RunDir, row: Mapping[str, Any], reply: str) -> list[dict[str, Any]]:
    """Returns each judge's score of a curated row with its reason.

    A step after the judge may have rewritten the completion since: the judge may have seen the reply.
    """
    recipe = read_resolved(run.recipe)
    context = Context(recipe, run, run.load_manifest(), Progress())
    seen = _sample(row, row["completion"][0]["content"]), _sample(row, reply)
    opinions = []
    for step in recipe.curation.steps:
        if not isinstance(step, Judge):
            continue
        if opinion := _recall(context, step, seen):
            opinions.append({"rubric": step.rubric, "score": opinion.share, "reason": opinion.reason})
    return opinions


def _recall(context: Context, step: Judge, seen: Iterable[Sample]) -> Opinion | None:
    answers = recall_judge(context, step, [question_of(sample, step) for sample in seen])
    for answer in answers.values():
        if opinion := read_opinion(answer):
            return opinion
    return None


def _sample(row: Mapping[str, Any], completion: str) -> Sample:
    return Sample("", "", (), from_dicts(row["prompt"]), "", "ok", NO_TOKENS, row["split"], "", completion)
