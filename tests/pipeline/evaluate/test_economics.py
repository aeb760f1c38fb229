"""What calls cost, what the distillation cost, and when it has paid for itself."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.evaluate.answers.contestants import Answer, Contestant
from pipeline.evaluate.economics.assemble import Facts, assemble
from pipeline.evaluate.economics.costs import Way, break_even, break_even_ci95, cost_curve, per_call_usd
from pipeline.evaluate.economics.load import Load, LoadMeasurement
from pipeline.evaluate.economics.speed import own_speed
from pipeline.evaluate.economics.spending import distillation_usd, spent_usd, training_seconds
from pipeline.journal.journal import Journal
from pipeline.recipe.economics import Economics
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from students.result import TrainResult
from tests.pipeline.helpers import reply, request, wanted, write_recipe, write_rows

DOLLARS = st.floats(1e-6, 1e3)
TEACHER = {"cost_per_1000_usd": 5.0, "cost_per_1000_usd_ci95": [4.0, 6.0], "in_flight": 4}
LOAD = Load(4, 2.0, 8.0, 1.5, 3.0, 32, 0, calls_per_s_ci95=[1.6, 2.5])


@given(once=DOLLARS, teacher=DOLLARS, student=DOLLARS)
def test_at_the_break_even_volume_the_totals_are_equal(once: float, teacher: float, student: float) -> None:
    assume(teacher > student * (1 + 1e-6))
    new, old = Way("student", once, student), Way("teacher", 0.0, teacher)
    calls, reason = break_even(new, old)
    assume(calls is not None)
    assert calls is not None
    assert reason is None
    totals = new.total_usd(calls), old.total_usd(calls)
    assert totals[0] == pytest.approx(totals[1])
    later = new.total_usd(2 * calls), old.total_usd(2 * calls)
    assert later[0] is not None
    assert later[1] is not None
    assert later[0] < later[1]


SHARES = st.floats(0.01, 0.9)


@given(once=DOLLARS, teacher=DOLLARS, share=SHARES, student=DOLLARS, other=SHARES)
def test_the_interval_of_the_volume_holds_it(
    once: float, teacher: float, share: float, student: float, other: float
) -> None:
    new = Way("student", once, student, (student * (1 - other), student * (1 + other)))
    old = Way("teacher", 0.0, teacher, (teacher * (1 - share), teacher * (1 + share)))
    calls, _ = break_even(new, old)
    found = break_even_ci95(new, old)
    if calls is not None:
        assert found is not None
        assert found[0] is not None
        assert found[0] <= math.ceil(calls)
        assert found[1] is None or calls <= found[1]
    certain = break_even_ci95(replace(new, call_ci95=(student, student)), old)
    if found is not None and certain is not None and None not in (*found, *certain):
        assert found[0] <= certain[0] <= certain[1] <= found[1]  # type: ignore[operator]  # None is ruled out above
    assert break_even_ci95(replace(new, call_ci95=None), old) is None


@pytest.mark.parametrize(
    ("once", "teacher", "student", "reason"),
    [
        (1.0, None, 0.1, "what a call of the teacher costs is not known"),
        (1.0, 0.1, None, "what a call of the student costs is not known"),
        (None, 0.1, 0.01, "what the distillation cost is not known"),
        (1.0, 0.1, 0.1, "a call of the student is not cheaper than one of the teacher"),
        (1e3, 0.1 + 1e-16, 0.1, "a call of the student is hardly cheaper than one of the teacher"),
    ],
)
def test_without_a_volume_there_is_a_reason(
    once: float | None, teacher: float | None, student: float | None, reason: str
) -> None:
    assert break_even(Way("student", once, student), Way("teacher", 0.0, teacher)) == (None, reason)


def test_the_curve_passes_the_break_even_volume() -> None:
    ways = Way("teacher", 0.0, 0.01), Way("student", 2e5, 0.001), Way("cascade", 2e5, None)
    calls, _ = break_even(ways[1], ways[0])
    points = cost_curve(*ways, calls)
    assert calls is not None
    assert points[0]["calls"] == 100
    assert points[-1]["calls"] >= 10 * calls
    assert {point["cascade_usd"] for point in points} == {None}
    assert [point["teacher_usd"] < point["student_usd"] for point in points] == [p["calls"] < calls for p in points]


def test_no_price_at_all_draws_no_curve() -> None:
    assert cost_curve(Way("teacher", 0.0, None), Way("student", None, 1.0), Way("cascade", 1.0, None), None) == []


def test_an_hour_is_shared_by_its_calls() -> None:
    assert per_call_usd(3.6, 10.0) == pytest.approx(0.0001)
    assert per_call_usd(None, 10.0) is None
    assert per_call_usd(3.6, 0.0) is None  # nothing was answered
    assert per_call_usd(0.0, 1.0) == 0.0  # a machine that was paid for already


def test_the_whole_of_a_priced_run() -> None:
    config = Economics(hourly_usd=7.2)
    parts = {"teacher": 3.0, "judge": 1.0, "rescorer": 0.0, "training": 0.5, "total": 4.5}
    facts = Facts(config, LoadMeasurement((LOAD,), 1 << 30), {"base": LOAD}, TEACHER, parts, {"cost_per_1000_usd": 2.0})
    found = assemble(facts)
    assert found["student"]["cost_per_1000_usd"] == pytest.approx(1.0)  # 7,200 calls an hour
    assert found["student"]["cost_at_concurrency"] == 4
    assert found["student"]["busy_calls_per_hour"] == pytest.approx(1440)
    assert found["others"]["base"]["cost_per_1000_usd"] == pytest.approx(1.0)
    assert found["break_even_calls"] == math.ceil(4.5 / 0.004)
    assert found["student"]["cost_per_1000_usd_ci95"] == pytest.approx([0.8, 1.25])
    assert (found["student"]["calls_per_hour_ci95"], found["student"]["calls_per_hour_n"]) == ([5760, 9000], 32)
    assert found["student"]["busy_calls_per_hour_ci95"] == pytest.approx([1200, 1800])
    saved = 0.004 - math.hypot(0.001, 0.00025), 0.004 + math.hypot(0.001, 0.0002)
    assert found["break_even_calls_ci95"] == [math.ceil(4.5 / saved[1]), math.ceil(4.5 / saved[0])]
    assert found["cascade"].items() >= {"cost_per_1000_usd": 2.0, "break_even_calls": 1500, "reason": None}.items()
    assert found["cascade"]["break_even_calls_ci95"] is None  # the chosen point has no interval of its price here
    assert found["curve"][0] == {
        "calls": 100,
        "teacher_usd": pytest.approx(0.5),
        "student_usd": pytest.approx(4.6),
        "cascade_usd": pytest.approx(4.7),
    }


def test_without_an_hourly_price_nothing_costs_zero() -> None:
    parts = distillation_usd({"teacher": 3.0, "judge": 0.0, "rescorer": 0.0}, 3600, None)
    assert parts == {"teacher": 3.0, "judge": 0.0, "rescorer": 0.0, "training": None, "total": None}
    found = assemble(Facts(Economics(), LoadMeasurement((LOAD,)), {}, TEACHER, parts, None))
    assert found["student"]["cost_per_1000_usd"] is None
    assert (found["break_even_calls"], found["break_even_calls_ci95"], found["cascade"]) == (None, None, None)
    assert found["reason"] == "what a call of the student costs is not known"
    assert {point["student_usd"] for point in found["curve"]} == {None}


def test_training_is_charged_for_all_its_processes() -> None:
    whole = TrainResult(9, 1, 0, 1000, 80, 80, 50.0, 20.0, 0.5, 0.4, 1, 1, resumed_from=None)
    assert training_seconds(whole) == 50.0
    assert training_seconds(replace(whole, seconds=10.0, resumed_from=40)) == 50.0
    assert distillation_usd({"teacher": 0.0}, 1800, 2.0)["training"] == 1.0


def test_the_speed_of_answers_that_were_scored() -> None:
    answers = (Answer("a", latency_s=0.5, output_tokens=2), Answer("b", latency_s=1.5, output_tokens=6), Answer(""))
    few = Load(2, 2.0, 8.0, 1.0, 1.45, 3, 1, latency_p50_s_ci95=[None, None], latency_p95_s_ci95=[0.5, None])
    assert own_speed(Contestant("base", "x", answers, in_flight=2)) == few
    assert own_speed(Contestant("base", "x", (Answer("a"),))) is None


@pytest.mark.parametrize("given", [{"concurrencies": [0]}, {"concurrencies": []}, {"hourly_usd": -1}, {"hourly": 1}])
def test_the_section_is_closed(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Economics(**given)


def test_concurrencies_are_measured_from_the_lowest() -> None:
    assert Economics(concurrencies=[16, 1, 16]).concurrencies == [1, 16]


def recipe_in(folder: Path, **sections: Any) -> Recipe:
    write_rows(folder / "rows.jsonl", [{"text": "x", "label": "spam"}])
    return load_recipe(write_recipe(folder, **sections))


def billed(path: Path, *bills: tuple[str, float | None], declared: tuple[str, ...]) -> Path:
    """A journal in which each text was asked at its cost, and `declared` are the samples."""

    async def write() -> None:
        with Journal(path) as journal:
            await journal.want([(wanted(text),) for text in declared], "fingerprint")
            for text, cost in bills:
                attempt = await journal.intend(request(text))
                await journal.settle(attempt, request(text), reply(text, cost_usd=cost))

    asyncio.run(write())
    return path


def test_bills_by_who_was_asked(tmp_path: Path) -> None:
    journal = billed(tmp_path / "journal.sqlite", ("a", 0.25), ("b", 0.5), ("score it", 0.125), declared=("a", "b"))
    judge = {"step": "judge", "judge": {"spec": "scripted:x.jsonl"}, "rubric": "good", "min_score": 0.5}
    without, with_judge = recipe_in(tmp_path), recipe_in(tmp_path, curate={"steps": [judge]})
    assert spent_usd(journal, without) == {"teacher": 0.875, "judge": 0.0, "rescorer": 0.0}  # asked before, or now
    assert spent_usd(journal, with_judge) == {"teacher": 0.75, "judge": 0.125, "rescorer": 0.0}


def test_a_teacher_without_a_price_cost_what_nobody_knows(tmp_path: Path) -> None:
    journal = billed(tmp_path / "journal.sqlite", ("a", None), declared=("a",))
    assert spent_usd(journal, recipe_in(tmp_path)) == {"teacher": None, "judge": 0.0, "rescorer": 0.0}
