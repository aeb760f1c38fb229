from __future__ import annotations

from dataclasses import replace

from pipeline.display.wording import GLUE
from pipeline.report import economy
from pipeline.run.evaluation.costs import BreakEven
from tests.pipeline.report.make import economics


def test_the_costs_name_the_break_even_point() -> None:
    chart = economy.cost_chart(economics())
    assert chart is not None
    assert "break-even: 3.3" in chart.drawing
    assert chart.columns == ("calls", "teacher", "student", "cascade")


def test_prices_stand_with_their_intervals_and_what_they_are_of() -> None:
    calls = economics().break_even.calls
    assert calls is not None
    facts = economy.prices(replace(economics(), break_even=BreakEven(replace(calls, ci95=(3000, None)), None)))
    assert facts["break-even"] == "3,336 calls (3,000 to never)"
    assert facts["distillation: total"] == "$4.30, exact"
    assert facts["student, per 1,000 calls"].replace(GLUE, " ") == "$0.011 ($0.009–$0.013; 32 calls)"
    assert facts["student's peak memory"].replace(GLUE, " ") == "901 MB, exact"
    assert facts["not known"].startswith("distillation: judge; distillation: rescorer; cascade, per 1,000 calls. ")


def test_unknown_prices_are_said_and_not_drawn() -> None:
    reason = "what a call of the student costs is not known"
    unknown = replace(economics(), break_even=BreakEven(None, reason), curve=())
    assert economy.cost_chart(unknown) is None
    assert economy.prices(unknown)["break-even"] == f"none: {reason}"
