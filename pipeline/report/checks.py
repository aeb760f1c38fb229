"""Warnings before the scores are trusted: rows seen before, rows that could not be scored, the judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.display.wording import number
from pipeline.report.estimates import ratio
from pipeline.report.headline import TITLES
from pipeline.run.evaluation.checks import JudgeReport, Leak
from pipeline.run.evaluation.estimate import Estimate
from pipeline.run.evaluation.record import Evaluation


def checks(evaluation: Evaluation) -> dict[str, str]:
    """Returns what was counted, and on how many rows; only what the evaluation holds."""
    lines = {}
    for name, leak in evaluation.memorised.items():
        lines[f"answers copied from a training row, {TITLES.get(name, name)}"] = _of(leak)
    if evaluation.contaminated is not None:
        lines["held-out prompts that are near a training prompt"] = _of(evaluation.contaminated)
    # By row: one that failed for three contestants is one row that is left out.
    failed = {failure.prompt_id for failure in evaluation.scorer_failed}
    if failed:
        lines["rows the scorer failed on, left out for everyone"] = number(len(failed))
    if evaluation.judge is not None:
        lines |= _judge(evaluation.judge)
    return lines


def _judge(judge: JudgeReport) -> dict[str, str]:
    lines = {
        "judge: calls": number(judge.calls),
        "judge: failures": number(judge.failures),
        "judge: changed": number(judge.changed),
        "judge: first position wins": _counted(judge.first_position_wins, "verdicts"),
    }
    if judge.prefers is not None:
        lines["judge: prefers"] = judge.prefers
    if judge.agreement_with_gold is not None:
        lines["judge: agreement with gold"] = _counted(judge.agreement_with_gold, "pairs")
    return lines


def _counted(estimate: Estimate | None, unit: str) -> str:
    if estimate is None:
        return ratio(estimate)
    return f"{ratio(estimate)}, {number(estimate.n)} {unit}"


def _of(leak: Leak) -> str:
    return f"{number(leak.count)} of {number(leak.rows)} rows"


def text(value: Any) -> str:
    """Writes a value of a count or a setting as people read it."""
    match value:
        case bool():  # before int, which a bool is too
            return str(value)
        case float() if not value.is_integer():
            return f"{value:.4g}"
        case int() | float():
            return number(value)
        case Mapping():
            return ", ".join(f"{name} {text(inner)}" for name, inner in value.items())
    return str(value)
