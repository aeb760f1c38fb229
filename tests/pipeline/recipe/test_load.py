"""Recipes are read from anywhere, by path or by name; a run's own is read when its sources are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.recipe.load import RECIPES, load_recipe, read_resolved
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


def test_a_runs_recipe_of_other_words_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    kept = tmp_path / "kept.yaml"
    kept.write_text(load_recipe(path).to_yaml(), encoding="utf-8")
    (tmp_path / "rows.jsonl").unlink()
    assert read_resolved(kept).prompts.source == tmp_path / "rows.jsonl"
    kept.write_text(kept.read_text(encoding="utf-8").replace("scorer:", "tolerance: 0.0\n  scorer:"), encoding="utf-8")
    with pytest.raises(InputError, match=r"kept.yaml:\d+: field 'evaluate.tolerance'.*write scorer: {name: numeric"):
        read_resolved(kept)
