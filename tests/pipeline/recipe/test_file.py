"""A recipe's file: what is no recipe, and words that are words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.recipe.load import load_recipe
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [\n", "recipe.yaml:2: is not YAML"),
        (b"name: \x01\n", "recipe.yaml: is not YAML: unacceptable character #x0001"),
        (b"name: 2024-13-01\n", "recipe.yaml: is not YAML: month must be in 1..12"),
        (b"[" * 3000, "recipe.yaml: is not YAML: it is nested too deeply"),
        (b"- a\n", "recipe.yaml:1: is not a mapping"),
        (b"name: \xff\n", "is not UTF-8"),
        (b"", "is not a mapping"),
        (b"name: !!python/object/apply:os.system [ls]\n", "recipe.yaml:1"),
    ],
)
def test_what_is_no_recipe(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    assert message in str(caught.value)


def test_on_no_and_yes_are_words(tmp_path: Path) -> None:
    path = write_recipe(tmp_path)
    steps = "curate: {steps: [{step: near, on: reply}, {step: format, choices: [yes, no], closed_fences: true}]}\n"
    path.write_text(path.read_text(encoding="utf-8") + steps, encoding="utf-8")
    near, form = (step.model_dump() for step in load_recipe(path).curate.steps)
    assert (near["on"], form["choices"], form["closed_fences"]) == ("reply", ["yes", "no"], True)
