"""What is searched: the default spaces, values in their places, and every mistake with its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.recipe.load import load_recipe
from pipeline.recipe.tune import Choice, Range
from pipeline.tune.space import default_space, own_values, space_of, with_values
from prompts.errors import InputError
from students.config import Lora, Shrink, StudentConfig
from students.methods.distill import Distill
from tests.pipeline.helpers import write_recipe

SFT = StudentConfig(base="smollm2-135m")
STUDENTS = [
    SFT,
    StudentConfig(base="b", lora=Lora(rank=1)),
    StudentConfig(base="b", method="distill"),
    StudentConfig(base="b", method="distill", distill=Distill(a_ce=0.5)),
    StudentConfig(base="b", method="preference"),
]


@pytest.mark.parametrize("student", STUDENTS)
def test_a_default_space_holds_the_recipe_itself(student: StudentConfig) -> None:
    space = default_space(student)
    own = own_values(student, space)
    assert own is not None
    again = with_values(student, own)
    assert again.model_copy(update={"distill": student.distill}) == student
    assert (again.distill or Distill()) == (student.distill or Distill())


def test_the_default_space_goes_with_the_method() -> None:
    assert list(default_space(SFT)) == ["learning_rate", "epochs"]
    assert list(default_space(STUDENTS[1])) == ["learning_rate", "epochs", "lora.rank"]
    assert list(default_space(STUDENTS[2])) == ["learning_rate", "epochs", "distill.tail_sampling"]
    assert "distill.a_kd" in default_space(STUDENTS[3])


@given(st.floats(1e-6, 1.0), st.sampled_from([None, 4, 8]), st.sampled_from([None, 2, 3]))
def test_values_stand_where_their_names_say(rate: float, rank: int | None, every: int | None) -> None:
    student = with_values(SFT, {"learning_rate": rate, "lora.rank": rank, "shrink.every": every})
    assert student.learning_rate == rate
    assert (student.lora and student.lora.rank) == rank
    assert (student.shrink and student.shrink.every) == every


def test_null_takes_a_section_away() -> None:
    with_both = StudentConfig(base="b", lora=Lora(rank=4, alpha=8), shrink=Shrink(every=2))
    assert with_values(with_both, {"lora.rank": None, "lora.alpha": 16.0}).lora is None
    assert with_values(with_both, {"shrink.every": None}).shrink is None
    assert with_values(with_both, {"lora.rank": 2}).lora == Lora(rank=2, alpha=8)


def test_a_method_that_is_tried_takes_its_own_sections_only() -> None:
    values = {"method": "sft", "distill.tail_sampling": 0.5}
    student = StudentConfig(base="b", method="distill", distill=Distill(a_ce=1))
    assert with_values(student, values).distill is None
    assert with_values(student, values | {"method": "distill"}).distill == Distill(a_ce=1, tail_sampling=0.5)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"learning_rat": [1]}, "tune.space.learning_rat': is no field of a student. Known fields: accumulation"),
        ({"lora.rnk": [1]}, "tune.space.lora.rnk': is no field of a student. Known fields: alpha"),
        ({"lara.rank": [1]}, "tune.space.lara.rank': is no field of a student"),
        ({"max_length": [1]}, "tune.space.max_length': cannot be tuned"),
        ({"lora.rank": Range(low=0, high=8)}, "tune.space.lora.rank': 0: Input should be greater than or equal to 1"),
        ({"epochs": []}, "tune.space.epochs': has no choice"),
        ({"schedule": ["linear", "square"]}, "tune.space.schedule': 'square'"),
    ],
)
def test_what_cannot_be_searched_is_named(space: dict[str, Range | list[Choice]], message: str) -> None:
    with pytest.raises(InputError) as caught:
        space_of(SFT, space)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ({"space": {"epochs": {"low": 2, "high": 1}}}, "'low' is 2, above 'high', which is 1"),
        ({"space": {"epochs": {"low": 0, "high": 1, "log": True}}}, "with 'log' it must be above 0"),
        ({"space": {}}, "at least 1"),
        ({"trails": 3}, "Known fields here: trials"),
    ],
)
def test_a_recipe_that_cannot_be_tuned_says_where(tmp_path: Path, tune: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=r"recipe\.yaml:\d+") as caught:
        load_recipe(write_recipe(tmp_path, tune=tune))
    assert message in str(caught.value)


def test_a_space_survives_the_resolved_recipe(tmp_path: Path) -> None:
    space = {"learning_rate": {"low": 1e-5, "high": 1e-3, "log": True}, "lora.rank": [None, 8], "shrink.every": [2, 3]}
    recipe = load_recipe(write_recipe(tmp_path, tune={"space": space}))
    (tmp_path / "resolved.yaml").write_text(recipe.to_yaml())
    assert load_recipe(tmp_path / "resolved.yaml").tune == recipe.tune
    assert recipe.tune.space is not None
    assert recipe.tune.space["lora.rank"] == [None, 8]


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({"distill": {"sharpen": [1]}}, r"field 'tune.space': .*{distill.sharpen: ...}"),
        ({"epochs": {"low": "a", "high": 2}}, r"field 'tune.space.epochs.low': .*integer"),
    ],
)
def test_a_space_that_is_none_is_refused_in_the_words_of_its_author(
    tmp_path: Path, space: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        load_recipe(write_recipe(tmp_path, tune={"space": space}))
