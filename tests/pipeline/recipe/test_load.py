"""Recipes are read from anywhere, by path or by name; a run's own is read when its sources are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.curate.require import require_preferences
from pipeline.recipe.load import RECIPES, load_recipe, placed, read_resolved
from pipeline.run.directory import RunDir
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


def test_paths_are_relative_to_the_recipe_and_the_resolved_one_loads_anywhere(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    assert recipe.prompts.source == tmp_path / "rows.jsonl"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    resolved = elsewhere / "recipe.yaml"
    resolved.write_text(recipe.to_yaml(), encoding="utf-8")
    assert load_recipe(resolved) == recipe


def test_a_shipped_recipe_goes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_recipe(Path("quickstart")).name == "quickstart"
    with pytest.raises(InputError, match=r"no such recipe. .*quickstart"):
        load_recipe(Path("quikstart"))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_loads(path: Path) -> None:
    assert load_recipe(path).name == path.stem


def test_preferences_need_a_step_that_makes_some_or_a_file(tmp_path: Path) -> None:
    student, run = {"base": "smollm2-135m", "method": "preference"}, RunDir(tmp_path / "run")
    student_messages = write_recipe(tmp_path, student=student)
    with (
        pytest.raises(InputError, match=r"recipe.yaml:\d+: field 'student.method'.*Add agreement, best, judge, verify"),
        placed(student_messages),
    ):
        require_preferences(load_recipe(student_messages), run)
    voted = load_recipe(write_recipe(tmp_path, student=student, curate={"steps": [{"step": "agreement"}]}))
    require_preferences(voted, run)
    (tmp_path / "edits.jsonl").touch()
    given = load_recipe(write_recipe(tmp_path, student=student | {"preference": {"pairs": "edits.jsonl"}}))
    require_preferences(given, run)
    assert given.student.preference is not None
    assert given.student.preference.pairs == str(tmp_path / "edits.jsonl")
    with pytest.raises(InputError, match=r"recipe.yaml:\d+: field 'student.preference.pairs': no such file"):
        load_recipe(write_recipe(tmp_path, student=student | {"preference": {"pairs": "eddits.jsonl"}}))


def test_a_runs_recipe_of_other_words_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    kept = tmp_path / "kept.yaml"
    kept.write_text(load_recipe(path).to_yaml(), encoding="utf-8")
    (tmp_path / "rows.jsonl").unlink()
    assert read_resolved(kept).prompts.source == tmp_path / "rows.jsonl"
    kept.write_text(kept.read_text(encoding="utf-8").replace("scorer:", "tolerance: 0.0\n  scorer:"), encoding="utf-8")
    with pytest.raises(InputError, match=r"kept.yaml:\d+: field 'evaluate.tolerance'.*write scorer: {name: numeric"):
        read_resolved(kept)
