"""load_recipe from Python: files, shipped names, overrides as a mapping or as --set has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import InputError, Recipe, load_recipe
from pipeline.curate.steps.near import Near
from tests.pipeline.helpers import write_recipe


def test_overrides_as_a_mapping_are_those_of_set(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    mapped = load_recipe(path, {"student.epochs": 2, "curate.near.threshold": 0.7, "name": "on"}, teacher="scripted:x")
    assert isinstance(mapped, Recipe)
    assert mapped.name == "on"  # a string stays one, though YAML 1.1 would read a boolean
    assert [step.threshold for step in mapped.curation.steps if isinstance(step, Near)] == [0.7]
    assert mapped == load_recipe(
        str(path), ["student.epochs=2", "curate.near.threshold=0.7", "name=on"], teacher="scripted:x"
    )


def test_a_shipped_recipe_by_its_name() -> None:
    assert load_recipe("quickstart").name == "quickstart"


def test_a_wrong_field_names_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipe\.yaml.*field 'student\.epoch'"):
        load_recipe(write_recipe(tmp_path), {"student.epoch": 2})
