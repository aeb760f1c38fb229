"""The section evaluate.general: task files beside the recipe."""

from __future__ import annotations

from pathlib import Path

from pipeline.recipe.general import General
from pipeline.recipe.missing import Missing


def test_tasks_are_taken_from_the_recipes_folder_and_the_first_missing_one_is_told(tmp_path: Path) -> None:
    there, elsewhere = tmp_path / "a.yaml", tmp_path / "other" / "b.yaml"
    there.touch()
    general = General(tasks=[Path("a.yaml"), Path("c.yaml"), elsewhere]).beside(tmp_path)
    assert general.files() == [there, tmp_path / "c.yaml", elsewhere]
    assert general.beside(Path("/another")) == general  # absolute ones stay
    missing = Missing(("tasks", 1), f"no such file: {tmp_path / 'c.yaml'}", f"Relative to {tmp_path}")
    assert general.missing(tmp_path) == missing
    (tmp_path / "c.yaml").touch()
    assert general.missing(tmp_path) == Missing(("tasks", 2), f"no such file: {elsewhere}", f"Relative to {tmp_path}")


def test_without_tasks_nothing_is_missing() -> None:
    assert General().missing(Path()) is None
    assert General().files() == []
