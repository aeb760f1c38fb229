"""The evaluate stage: teacher, base and student on the same held-out prompts, into evaluation.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.evaluate.answers.asking import Asking
from pipeline.evaluate.answers.contestants import Contestant, HeldoutAnswers, HeldoutRow, teacher_contestants
from pipeline.evaluate.answers.exports import ask_exports, write_scores
from pipeline.evaluate.answers.rows import Selection, read_evaluation_rows
from pipeline.evaluate.answers.size import HOSTED, Size, measure
from pipeline.evaluate.answers.table import write_answers
from pipeline.evaluate.comparison.compare import compare
from pipeline.evaluate.comparison.scores import Scores, score_everyone
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
from pipeline.run.evaluation.file import write_evaluation
from pipeline.run.evaluation.record import Evaluation
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
    recipe, run = context.recipe, context.run
    selection = read_evaluation_rows(run.kept, run.dropped, run.replies, recipe.evaluate)
    rows = _sliced(selection.rows, recipe)
    base = prepare_base(recipe.student.base, cache=run.work)
    asking = Asking(context, rows)
    answers = _ask_everyone(context, asking, selection, rows, base)
    # Before anyone is scored: a scorer that fails must not cost the answers.
    write_answers(run.answers, rows, answers.everyone, {}, asking.keys)
    asking.memory.forget_unfinished()
    judge = _judge(context)
    scores = score_everyone(rows, answers.everyone, recipe.evaluate, judge)
    write_answers(run.answers, rows, answers.everyone, scores.columns, asking.keys)
    evaluation = _evaluate(context, answers, scores, judge, base)
    write_evaluation(run, evaluation)
    write_scores(context, evaluation)
    write_student_card(context, evaluation)
    return EvaluateCounts(
        rows=len(rows),
        asked=asking.asked,
        scores=_scores(evaluation),
        failed_exports=sum(export.failed is not None for export in answers.exports),
    )


def _ask_everyone(
    context: Context, asking: Asking, selection: Selection, rows: Sequence[HeldoutRow], base: Path | str
) -> HeldoutAnswers:
    context.progress.start("evaluate", (2 + len(context.recipe.exports)) * len(rows))
    student = context.run.student
    contestants = [
        *_teachers(rows, context.recipe),
        _ask(asking, BASE, base),
        _ask(asking, STUDENT, student),
    ]
    exports = ask_exports(context, rows, contestants[-1].size, asking.ask)
    return HeldoutAnswers(rows, contestants, exports, selection.left_out)


def _evaluate(
    context: Context, answers: HeldoutAnswers, scores: Scores, judge: AskAll | None, base: Path | str
) -> Evaluation:
    config = context.recipe.evaluate
    evaluation = compare(answers, config, scores)
    assert evaluation.teacher is not None  # it answered while the corpus was made
    student = answers.by_name[STUDENT]
    leaks = find_leaks(context.run.kept, answers.rows, student.answers)
    earlier = compare_earlier(answers.rows, answers.contestants, config, judge)
    general = measure_general(context, base)
    costs = measure_costs(context, answers, scores, evaluation.teacher)
    return replace(
        evaluation,
        memorised={STUDENT: leaks.memorised},
        contaminated=leaks.contaminated,
        earlier=earlier,
        general=general,
        cascade=costs.cascade,
        economics=costs.economics,
    )


def _teachers(rows: Sequence[HeldoutRow], recipe: Recipe) -> list[Contestant]:
    size = HOSTED
    if len(recipe.teacher) == 1:
        size = _teacher_size(recipe.teacher[0].spec)
    teacher = Contestant(TEACHER, recipe.teachers_label, (), size, in_flight=recipe.generate.concurrency)
    return teacher_contestants(rows, teacher, recipe.evaluate.to_scorer(), recipe.evaluate.labels)


def _sliced(rows: Sequence[HeldoutRow], recipe: Recipe) -> tuple[HeldoutRow, ...]:
    """Returns the rows with the columns that the recipe slices by, read from its source."""
    names, prompts = recipe.evaluate.slices, recipe.prompts
    if not names or prompts.template is None:
        return tuple(rows)
    template = load_template(prompts.template)
    columns = read_columns(prompts.source, template, names, field="evaluate.slices", limit=prompts.limit)
    return tuple(replace(row, fields=columns.get(row.prompt_id, {})) for row in rows)


def _judge(context: Context) -> AskAll | None:
    """Returns what puts questions to the recipe's judge, by way of the journal and the budget."""
    judge = context.recipe.evaluate.scorer.pair_judge
    if judge is None:
        return None
    model = JudgeModel(judge.entry)
    return lambda questions: ask_judge(context, model, questions)


def _scores(evaluation: Evaluation) -> dict[str, float | None]:
    """Returns each contestant's score, and each export's that could be asked."""
    summaries = dict(evaluation.contestants)
    for name, export in evaluation.exports.items():
        if export.summary is not None:
            summaries[name] = export.summary
    scores: dict[str, float | None] = {}
    for name, summary in summaries.items():
        scores[name] = None
        if summary.score is not None:
            scores[name] = summary.score.value
    return scores


def _ask(asking: Asking, name: str, model: Path | str) -> Contestant:
    spec = f"huggingface:{model}"
    size = HOSTED
    if isinstance(model, Path):
        size = measure(model)
    return Contestant(name, spec, asking.ask(name, spec), size, in_flight=1)


def _teacher_size(spec: str) -> Size:
    """Measures a local teacher; nobody outside knows a hosted one's size."""
    parsed = Spec.parse(spec)
    weights = find_provider(parsed.provider).weights_at(parsed.model)
    if weights is None:
        return HOSTED
    return measure(weights)
