from __future__ import annotations

from dataclasses import replace

from pipeline.report.checks import checks
from tests.pipeline.report.make import full_evaluation


def test_checks_say_on_how_many_rows() -> None:
    lines = checks(full_evaluation())
    assert lines["answers copied from a training row, student"] == "2 of 150 rows"
    assert lines["judge: first position wins"] == "0.550 (0.470–0.630), 150 verdicts"


def test_a_judge_without_a_clear_verdict_has_a_dash() -> None:
    evaluation = full_evaluation()
    assert evaluation.judge is not None
    judge = replace(evaluation.judge, first_position_wins=None, agreement_with_gold=None)
    lines = checks(replace(evaluation, judge=judge))
    assert lines["judge: first position wins"] == "–"
    assert "judge: agreement with gold" not in lines
