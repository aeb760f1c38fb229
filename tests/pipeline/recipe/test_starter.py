"""A starter is to be made one's own: what holds for the quickstart's data alone is not in it."""

from __future__ import annotations

from pathlib import Path

from pipeline.recipe.load import find_recipe, load_recipe
from pipeline.recipe.starter import write_starter
from tests.pipeline.helpers import ROOT


def test_a_starter_claims_no_licence_for_other_peoples_rows(tmp_path: Path) -> None:
    assert load_recipe(find_recipe(Path("quickstart"))).prompts.license == "cc0-1.0"
    write_starter(tmp_path / "mine")
    assert load_recipe(tmp_path / "mine" / "recipe.yaml").prompts.license is None


def test_the_readme_shows_the_quickstart_as_it_is() -> None:
    recipe = find_recipe(Path("quickstart")).read_text(encoding="utf-8").splitlines()
    shown = [line.removeprefix("    ") for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()]
    start = shown.index("name: quickstart")
    wanted = [line for line in recipe if not line.startswith("#")]
    assert shown[start : start + len(wanted)] == wanted
