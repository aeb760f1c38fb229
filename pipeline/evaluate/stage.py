"""The evaluate stage: teacher, base and student on the same held-out prompts, into evaluation.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from pipeline.evaluate.answers.asking import Asking
from pipeline.evaluate.answers.contestants import Contestant, HeldoutRow, teacher_contestants
from pipeline.evaluate.answers.exports import ask_exports, write_scores
from pipeline.evaluate.answers.rows import read_evaluation_rows
from pipeline.evaluate.answers.size import HOSTED, Size, measure
from pipeline.evaluate.answers.table import write_answers
from pipeline.evaluate.comparison.compare import compare
from pipeline.evaluate.comparison.scores import mark
from pipeline.evaluate.earlier import compare_earlier
from pipeline.evaluate.economics.stage import measure_costs
from pipeline.evaluate.general import measure_general
from pipeline.evaluate.leaks import find_leaks
from pipeline.judge.ask import ask_judge
from pipeline.judge.pairwise import AskAll
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.step import JudgeModel
from pipeline.run.context import Context
from pipeline.run.counts import EvaluateCounts
from pipeline.run.evaluation import BASE, STUDENT, TEACHER
from pipeline.run.files import write_text
from pipeline.train.card import write_student_card
from prompts.sources.columns import read_columns
from prompts.template import load_template
from students.base.prepare import prepare_base
from teachers.provider import find_provider
from teachers.spec import Spec


def work(context: Context) -> EvaluateCounts:
    """Asks base and student what they have not answered yet, scores all, writes answers.parquet and evaluation.json.

    No new call goes to the teacher; a judge that scores is asked what the journal lacks.
    """
    recipe, run, config = context.recipe, context.run, context.recipe.evaluate
    selection = read_evaluation_rows(run.kept, run.dropped, run.replies, config)
    rows = _sliced(selection.rows, recipe)
    contestants = _teachers(rows, recipe)
    base = prepare_base(recipe.student.base, cache=run.work)
    asking = Asking(context, rows)
    context.progress.start("evaluate", (2 + len(recipe.exports)) * len(rows))
    for name, model in ((BASE, base), (STUDENT, run.student)):
        contestants.append(_contestant(asking, name, model))
    exports = ask_exports(context, rows, contestants[-1].size, asking.ask)
    everyone = [*contestants, *(one for one in exports if one.failed is None)]
    write_answers(run.answers, rows, everyone, {}, asking.keys)
    asking.memory.forget_unfinished()
    judge = _judge(context)
    marks = mark(rows, everyone, config, judge)
    write_answers(run.answers, rows, everyone, marks.scores, asking.keys)
    result = compare(rows, contestants, config, selection.left_out, exports, marks)
    result |= find_leaks(run.kept, rows, contestants[-1].answers)
    if config.against:
        result["earlier"] = compare_earlier(rows, contestants, config, judge)
    if (general := measure_general(context, base)) is not None:
        result["general"] = general
    result |= measure_costs(context, rows, contestants, exports, marks, result[TEACHER])
    write_text(run.evaluation, orjson.dumps(result, option=orjson.OPT_INDENT_2).decode() + "\n")
    write_scores(context, result)
    write_student_card(context, result)
    return EvaluateCounts(
        rows=len(rows),
        asked=asking.asked,
        scores=_scores(result, contestants, exports),
        failed_exports=sum(export.failed is not None for export in exports),
    )


def _teachers(rows: Sequence[HeldoutRow], recipe: Recipe) -> list[Contestant]:
    return teacher_contestants(
        rows,
        recipe.teachers_label,
        recipe.evaluate.to_scorer(),
        size=_teacher_size(recipe.teacher[0].spec) if len(recipe.teacher) == 1 else HOSTED,
        in_flight=recipe.generate.concurrency,
        labels=recipe.evaluate.labels,
    )


def _sliced(rows: Sequence[HeldoutRow], recipe: Recipe) -> tuple[HeldoutRow, ...]:
    """The rows with the columns that the recipe slices by, read from its source."""
    names, prompts = recipe.evaluate.slices, recipe.prompts
    if not names or prompts.template is None:
        return tuple(rows)
    template = load_template(prompts.template)
    columns = read_columns(prompts.source, template, names, field="evaluate.slices", limit=prompts.limit)
    return tuple(replace(row, fields=columns.get(row.prompt_id, {})) for row in rows)


def _judge(context: Context) -> AskAll | None:
    """What puts questions to the recipe's judge, by way of the journal and the budget."""
    judge = context.recipe.evaluate.scorer.pair_judge
    if judge is None:
        return None
    model = JudgeModel(judge.entry)
    return lambda questions: ask_judge(context, model, questions)


def _scores(
    result: Mapping[str, Any], contestants: Sequence[Contestant], exports: Sequence[Contestant]
) -> dict[str, float | None]:
    """Returns each contestant's score, and each export's that could be asked."""
    scores: dict[str, float | None] = {}
    for contestant in contestants:
        scores[contestant.name] = result[contestant.name]["score"]
    for export in exports:
        if export.failed is None:
            scores[export.name] = result["exports"][export.name]["score"]
    return scores


def _contestant(asking: Asking, name: str, model: Path | str) -> Contestant:
    spec = f"huggingface:{model}"
    size = measure(model) if isinstance(model, Path) else HOSTED
    return Contestant(name, spec, asking.ask(name, spec), size, in_flight=1)


def _teacher_size(spec: str) -> Size:
    """A local teacher's size; nobody outside knows a hosted one's."""
    parsed = Spec.parse(spec)
    weights = find_provider(parsed.provider).weights_at(parsed.model)
    return HOSTED if weights is None else measure(weights)
