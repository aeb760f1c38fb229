from __future__ import annotations

import math
from dataclasses import astuple, replace

import pytest

from pipeline.evaluate.economics.assemble import Facts, assemble
from pipeline.evaluate.economics.load import LoadMeasurement
from pipeline.evaluate.economics.spending import Spent, add_up
from pipeline.recipe.economics import Economics
from pipeline.run.evaluation.costs import ChosenPoint, Distillation, Load, TeacherCosts
from pipeline.run.evaluation.estimate import Estimate
from tests.pipeline.evaluate.make import ends, known

TEACHER = TeacherCosts(Estimate(5.0, (4.0, 6.0), 32), None, None, None, None, 4, "online")
LOAD = Load(4, 32, 0, Estimate(2.0, (1.6, 2.5), 32), Estimate(8.0, None, 32), Estimate(1.5, None, 32), None)
WHOLE = Estimate(1.0, None, 40)
CHOSEN = ChosenPoint(0.5, WHOLE, WHOLE, Estimate(2.0, None, 40), WHOLE, WHOLE, 40)


def test_the_whole_of_a_priced_run() -> None:
    spent = Distillation(teacher=3.0, judge=1.0, rescorer=0.0, training=0.5, total=4.5)
    measured = LoadMeasurement((LOAD,), 1 << 30)
    found = assemble(Facts(Economics(hourly_usd=7.2), measured, {"base": LOAD}, TEACHER, spent, CHOSEN))
    student = found.student
    assert known(student.cost_per_1000_usd).value == pytest.approx(1.0)  # 7,200 calls an hour
    assert ends(student.cost_per_1000_usd) == pytest.approx((0.8, 1.25))
    assert student.cost_at_concurrency == 4
    assert known(student.busy_calls_per_hour).value == pytest.approx(1440)
    assert ends(student.busy_calls_per_hour) == pytest.approx((1200, 1800))
    assert (ends(student.calls_per_hour), known(student.calls_per_hour).n) == ((5760, 9000), 32)
    assert known(found.others["base"].cost_per_1000_usd).value == pytest.approx(1.0)
    saved = 0.004 - math.hypot(0.001, 0.00025), 0.004 + math.hypot(0.001, 0.0002)
    volume = Estimate(math.ceil(4.5 / 0.004), (math.ceil(4.5 / saved[1]), math.ceil(4.5 / saved[0])), None)
    assert found.break_even.calls == volume
    assert astuple(found.curve[0]) == pytest.approx((100, 0.5, 4.6, 4.7))


def test_the_cascade_has_a_volume_of_its_own() -> None:
    spent = Distillation(teacher=3.0, judge=1.0, rescorer=0.0, training=0.5, total=4.5)
    found = assemble(Facts(Economics(hourly_usd=7.2), LoadMeasurement((LOAD,)), {}, TEACHER, spent, CHOSEN)).cascade
    assert found is not None
    assert known(found.cost_per_1000_usd).value == 2.0
    assert found.break_even.calls == Estimate(1500, None, None)  # its price has no interval here
    assert found.break_even.reason is None


def test_without_an_hourly_price_nothing_costs_zero() -> None:
    spent = add_up(Spent(teacher=3.0, judge=0.0, rescorer=0.0), 3600, None)
    assert spent == Distillation(teacher=3.0, judge=0.0, rescorer=0.0, training=None, total=None)
    found = assemble(Facts(Economics(), LoadMeasurement((LOAD,)), {}, TEACHER, spent, None))
    assert found.student.cost_per_1000_usd is None
    assert (found.break_even.calls, found.cascade) == (None, None)
    assert found.break_even.reason == "what a call of the student costs is not known"
    assert {point.student_usd for point in found.curve} == {None}


def test_the_load_that_answers_most_calls_is_priced() -> None:
    slow = replace(LOAD, concurrency=1, calls_per_s=Estimate(1.0, None, 32))
    spent = add_up(Spent(teacher=3.0, judge=0.0, rescorer=0.0), None, None)
    found = assemble(Facts(Economics(hourly_usd=7.2), LoadMeasurement((slow, LOAD)), {}, TEACHER, spent, None))
    assert found.student.cost_at_concurrency == 4
