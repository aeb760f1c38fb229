"""The fallback: which teacher is meant, and the confidence from which the student's answer stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.run.directory import RunDir
from pipeline.serve.fallback import CHOSEN, Fallback
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run of two teachers, of which nothing was made yet."""
    teachers = [{"spec": "scripted:script.jsonl", "name": "first"}, "openai:gpt-4.1-mini"]
    recipe = write_recipe(tmp_path, teacher=teachers)
    root = tmp_path / "run"
    root.mkdir()
    directory = RunDir(root)
    directory.recipe.write_text(recipe.read_text())
    for file in ("rows.jsonl", "t.md"):
        (root / file).write_bytes((tmp_path / file).read_bytes())
    return directory


def test_a_teacher_is_named_by_its_name_or_its_spec_or_is_another(run: RunDir) -> None:
    assert Fallback.of(run, "0.5", "first").entry.name == "first"
    assert Fallback.of(run, "0.5", "openai:gpt-4.1-mini").entry.spec == "openai:gpt-4.1-mini"
    assert Fallback.of(run, "0.5", "anthropic:claude-haiku-4-5").entry.spec == "anthropic:claude-haiku-4-5"


def test_of_several_teachers_one_must_be_named(run: RunDir) -> None:
    with pytest.raises(InputError, match=r"the run has several teachers: first, openai:gpt-4\.1-mini"):
        Fallback.of(run, "0.5", None)


@pytest.mark.parametrize("given", ["2", "-0.1", "nan", "much"])
def test_a_threshold_is_a_share(run: RunDir, given: str) -> None:
    with pytest.raises(InputError, match=f"'{given}' is no confidence"):
        Fallback.of(run, given, "first")


def test_evaluation_may_have_chosen_none(run: RunDir) -> None:
    with pytest.raises(InputError, match="evaluation has chosen no threshold"):
        Fallback.of(run, CHOSEN, "first")
