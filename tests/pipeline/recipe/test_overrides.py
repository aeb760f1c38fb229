"""What the command line sets in a recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.recipe.curate import Curate
from pipeline.recipe.load import load_recipe
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


def test_overrides(tmp_path: Path) -> None:
    steps = {"steps": [{"step": "format"}, {"step": "calibrate", "labels": ["a", "b"]}]}
    path = write_recipe(tmp_path, curate=steps)
    changes = ["student.epochs=3", "curate.calibrate.keep=0.5", "generate.seed=7", "curate.split.heldout=0.4"]
    recipe = load_recipe(path, changes, teacher="openai:gpt-test")
    assert recipe.student.epochs == 3
    assert recipe.curate.steps[1].model_dump()["keep"] == 0.5
    assert (recipe.generate.seed, recipe.curate.split.heldout, recipe.teacher[0].spec) == (7, 0.4, "openai:gpt-test")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "--set epochs: expected KEY=VALUE"),
        ("student.epocs=3", "field 'student.epocs': Extra inputs are not permitted"),
        ("generate.seed=[", "--set generate.seed=[: the value is not YAML: expected the node content"),
        ("name.x=3", "'name' has no fields"),
    ],
)
def test_bad_overrides(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe(write_recipe(tmp_path), [override])
    assert message in str(caught.value)


def test_a_default_step_can_be_set_by_name(tmp_path: Path) -> None:
    found = load_recipe(write_recipe(tmp_path), ["curate.near.threshold=0.7"]).curate.steps
    assert [step.step for step in found] == [step.step for step in Curate().steps]
    assert next(step.model_dump() for step in found if step.step == "near")["threshold"] == 0.7


def test_a_scorers_setting_can_be_set_by_name(tmp_path: Path) -> None:
    path = scored(tmp_path, "evaluate: {scorer: json}\n")
    set_fields = load_recipe(path, ["evaluate.scorer.fields=[year]"]).evaluate.scorer
    assert set_fields.model_dump() == {"name": "json", "fields": ["year"]}
    assert load_recipe(path, ["evaluate.scorer=rouge"]).evaluate.scorer.name == "rouge"
    changes = ["evaluate.scorer=numeric", "evaluate.scorer.tolerance=1"]
    assert load_recipe(path, changes).evaluate.scorer.model_dump() == {"name": "numeric", "tolerance": 1}


def scored(folder: Path, evaluate: str) -> Path:
    """A recipe with this section, as its author writes it."""
    path = write_recipe(folder)
    path.write_text(path.read_text(encoding="utf-8") + evaluate, encoding="utf-8")
    return path


def test_a_step_as_such_cannot_be_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'near' is a step\. Set one of its fields: curate\.near\.FIELD=VALUE"):
        load_recipe(write_recipe(tmp_path, curate={"steps": [{"step": "near"}]}), ["curate.near=1"])


def test_a_teacher_that_is_swapped_goes_before_what_is_set(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path), ["teacher=openai:one"], teacher="openai:other")
    assert [entry.spec for entry in recipe.teacher] == ["openai:other"]
