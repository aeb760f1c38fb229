"""The teachers of a recipe: entries, and ways of sharing the work that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.recipe.teachers import Combine, TeacherEntry, problem_of, to_entries

ONE, OTHER = TeacherEntry(spec="openai:one"), TeacherEntry(spec="openai:other", name="cheap")


@pytest.mark.parametrize(
    ("written", "entries"),
    [
        ("openai:one", [{"spec": "openai:one"}]),
        (["openai:one", {"spec": "openai:other"}], [{"spec": "openai:one"}, {"spec": "openai:other"}]),
        ({"spec": "openai:one"}, [{"spec": "openai:one"}]),
        (7, [7]),
    ],
)
def test_a_teacher_is_a_spec_an_entry_or_a_list_of_either(written: Any, entries: list[Any]) -> None:
    assert to_entries(written) == entries


@pytest.mark.parametrize(
    ("combine", "teachers", "samples", "field"),
    [
        ({}, [ONE, ONE], 1, "teacher"),
        ({"how": "fallback"}, [ONE], 1, "combine.how"),
        ({"how": "vote"}, [ONE], 1, "combine.how"),
        ({"how": "vote"}, [ONE], 2, None),
        ({"how": "best"}, [ONE, OTHER], 1, "combine.judge"),
        ({"how": "route", "by": "language"}, [ONE, OTHER], 1, "combine.routes"),
        ({"how": "route", "routes": {"de": "cheap"}}, [ONE, OTHER], 1, "combine.by"),
        ({"how": "route", "by": "language", "routes": {"de": "dear"}}, [ONE, OTHER], 1, "combine.routes"),
        ({"how": "route", "by": "language", "routes": {"de": "cheap"}}, [ONE, OTHER], 1, None),
        ({"how": "route", "weights": [1]}, [ONE, OTHER], 1, "combine.weights"),
        ({"how": "route", "weights": [2, -1]}, [ONE, OTHER], 1, "combine.weights"),
        ({"how": "route", "weights": [0, 0]}, [ONE, OTHER], 1, "combine.weights"),
        ({"how": "route", "weights": []}, [ONE, OTHER], 1, "combine.weights"),
        ({"how": "route", "weights": [3, 1]}, [ONE, OTHER], 1, None),
    ],
)
def test_what_cannot_work_is_found(
    combine: dict[str, Any], teachers: list[TeacherEntry], samples: int, field: str | None
) -> None:
    problem = problem_of(Combine(**combine), teachers, samples)
    assert (None if problem is None else problem.field) == field


def test_shares_sum_to_1() -> None:
    assert Combine(how="route", weights=[3, 1]).shares(2) == [0.75, 0.25]
    assert Combine(how="route").shares(4) == [0.25] * 4


def test_the_order_of_capabilities_makes_no_other_teacher() -> None:
    one = TeacherEntry(spec="openai:m", capabilities={"schema": True, "seed": False})
    other = TeacherEntry(spec="openai:m", capabilities={"seed": False, "schema": True})
    assert one.to_spec() == other.to_spec()
