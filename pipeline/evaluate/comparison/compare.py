"""The comparison: contestants' answers to the same rows -> what evaluation.json says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.evaluate.answers.contestants import Contestant, HeldoutAnswers
from pipeline.evaluate.comparison.details import measure_details
from pipeline.evaluate.comparison.differences import agreement, difference, standing
from pipeline.evaluate.comparison.examples import pick_examples, pick_regressions
from pipeline.evaluate.comparison.probabilities import calibration, divergence, rank
from pipeline.evaluate.comparison.resampling import Resampling
from pipeline.evaluate.comparison.rows import ComparedRows
from pipeline.evaluate.comparison.scores import Scores, score_everyone
from pipeline.evaluate.comparison.slices import slices
from pipeline.evaluate.comparison.summary import summarise
from pipeline.recipe.evaluate import Evaluate
from pipeline.run.evaluation import BASE, CALIBRATED, STUDENT, TEACHER
from pipeline.run.evaluation.contestants import ExportResult, Summary
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation

FEWEST_ROWS = 30
"""With fewer, an interval is shown and no verdict is given."""


def compare(answers: HeldoutAnswers, config: Evaluate, scores: Scores | None = None) -> Evaluation:
    """Compares everyone. Numbers that need an absent contestant, or that do not exist, are None.

    Rows that the scorer failed on count for nobody. Without `scores` everyone is scored here.
    """
    if scores is None:
        scores = score_everyone(answers.rows, answers.everyone, config)
    compared = ComparedRows.of(answers.rows, scores, config)
    resampling, means = compared.resampling, compared.means
    contestants = [compared.answers_of(contestant) for contestant in answers.contestants]
    by_name = {contestant.name: contestant for contestant in contestants}
    summaries = {name: describe(contestant, compared) for name, contestant in by_name.items()}
    against_calibrated = None
    if CALIBRATED in by_name:
        against_calibrated = standing(resampling, means, CALIBRATED)
    return Evaluation(
        scorer=config.scorer.name,
        scoring=config.scoring,
        rows=len(answers.rows),
        groups=resampling.bootstrap.groups,
        resamples=config.resamples,
        seed=config.seed,
        teacher=summaries.get(TEACHER),
        teacher_calibrated=summaries.get(CALIBRATED),
        base=summaries.get(BASE),
        student=summaries.get(STUDENT),
        student_minus_base=difference(resampling, means, STUDENT, BASE),
        against_teacher=standing(resampling, means, TEACHER),
        against_calibrated=against_calibrated,
        agreement=agreement(resampling, by_name.get(STUDENT), compared.scorer),
        kl_from_teacher=_divergence(resampling, by_name),
        slices=slices(compared, list(by_name)),
        left_out=dict(answers.left_out),
        scorer_failed=scores.failures(answers.rows),
        verdict_withheld=_withheld(compared),
        examples=pick_examples(resampling.rows, contestants, compared.scores.columns),
        regressions=pick_regressions(resampling.rows, contestants, compared.scores.columns),
        judge=scores.judge,
        exports={export.name: _export(compared.answers_of(export), compared) for export in answers.exports},
    )


def describe(contestant: Contestant, compared: ComparedRows) -> Summary:
    """Returns everything about one contestant alone; its answers are to the compared rows."""
    resampling, scorer, answers = compared.resampling, compared.scorer, contestant.answers
    scores = compared.scores.columns.get(contestant.name)
    summary = summarise(contestant, scores, compared.means.get(contestant.name), resampling)
    if scores is None:
        return summary
    # A judge scores without gold: calibration needs scores alone, what follows needs gold on every row.
    calibrated = calibration(resampling, answers, scores)
    summary = replace(summary, ece=calibrated.ece, reliability=calibrated.reliability)
    if any(row.gold is None for row in resampling.rows):
        return summary
    detailed = measure_details(resampling, answers, scorer)
    labels, auc = compared.config.labels, None
    if labels is not None and len(labels) == 2:
        auc = rank(resampling, answers, scorer, labels[0])
    return replace(
        summary,
        macro_f1=detailed.macro_f1,
        confusion=detailed.confusion,
        field_scores=detailed.field_scores,
        corpus_score=detailed.corpus_score,
        auc=auc,
    )


def _export(export: Contestant, compared: ComparedRows) -> ExportResult:
    if export.failed is not None:
        return ExportResult(export.spec, export.size.bytes, failed=export.failed)
    return ExportResult(
        export.spec,
        export.size.bytes,
        summary=describe(export, compared),
        minus_student=difference(compared.resampling, compared.means, export.name, STUDENT),
    )


def _divergence(resampling: Resampling, by_name: Mapping[str, Contestant]) -> Estimate | None:
    """Measures from what the student was trained towards: the calibrated teacher where there is one."""
    teacher = by_name.get(CALIBRATED) or by_name.get(TEACHER)
    if teacher is None or STUDENT not in by_name:
        return None
    return divergence(resampling, teacher.answers, by_name[STUDENT].answers)


def _withheld(compared: ComparedRows) -> str | None:
    if not compared.scores.columns:
        return "no gold answer and no judge"
    return too_few(compared.resampling)


def too_few(resampling: Resampling) -> str | None:
    """Says why so few rows allow no verdict; None where they do."""
    if resampling.size.rows < FEWEST_ROWS:
        return f"fewer than {FEWEST_ROWS} rows"
    if resampling.size.groups < FEWEST_ROWS:
        return f"fewer than {FEWEST_ROWS} independent groups of rows"
    return None
