"""Which model a student has in memory, by its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.recipe.load import load_recipe
from pipeline.recipe.local_teacher import local_teacher, prepare_teacher
from prompts.errors import InputError
from students.config import Features, StudentConfig
from students.methods.on_policy import OnPolicy
from teachers.spec import Spec
from tests.pipeline.helpers import write_recipe, write_rows

GGUF, HOSTED = Spec("gguf", "smollm2-135m"), Spec("openai", "gpt-5.4")


@pytest.mark.parametrize(
    ("settings", "teachers", "found"),
    [
        ({}, [GGUF], None),
        ({"method": "on_policy"}, [HOSTED, GGUF], "smollm2-135m"),
        ({"method": "on_policy", "on_policy": OnPolicy(beta=0.5)}, [GGUF, GGUF], "smollm2-135m"),
        ({"method": "on_policy", "on_policy": OnPolicy(teacher="a/b")}, [GGUF], "a/b"),
        ({"features": Features(teacher="a/b")}, [HOSTED], "a/b"),
    ],
)
def test_the_students_own_setting_counts_then_the_recipes_one_local_teacher(
    settings: dict[str, Any], teachers: list[Spec], found: str | None
) -> None:
    assert local_teacher(StudentConfig(base="x", **settings), teachers) == found


@pytest.mark.parametrize(
    ("teachers", "problem"),
    [([HOSTED], "no teacher whose weights"), ([GGUF, Spec("huggingface", "a/b")], "several: smollm2-135m, a/b")],
)
def test_none_or_several_are_an_error(teachers: list[Spec], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        local_teacher(StudentConfig(base="x", method="on_policy"), teachers)


def test_a_recipe_without_one_is_an_error_at_its_line_before_anything_is_asked(tmp_path: Path) -> None:
    write_rows(tmp_path / "script.jsonl", [{"reply": "spam"}])
    path = write_recipe(tmp_path, student={"base": "smollm2-135m", "method": "on_policy"})
    line = path.read_text().splitlines().index("  method: on_policy") + 1
    with pytest.raises(InputError, match=rf"recipe\.yaml:{line}: field 'student\.on_policy\.teacher'"):
        load_recipe(path)


@pytest.mark.parametrize("section", ["on_policy", "features"])
def test_a_path_is_relative_to_the_recipe(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run" / "student").mkdir(parents=True)
    write_rows(tmp_path / "script.jsonl", [{"reply": "spam"}])
    method = "on_policy" if section == "on_policy" else "sft"
    path = write_recipe(tmp_path, student={"base": "x", "method": method, section: {"teacher": "run/student"}})
    monkeypatch.chdir("/")
    assert load_recipe(path).student.local_teacher == str(tmp_path / "run" / "student")


def test_a_model_that_is_not_there_is_named_as_the_teacher(tmp_path: Path) -> None:
    config = StudentConfig(base="x", features=Features(teacher="./nowhere"))
    with pytest.raises(InputError, match=r"student\.features\.teacher.*no such model"):
        prepare_teacher(config, [], tmp_path)
