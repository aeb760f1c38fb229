"""The pages about curation name what there is, and what they show can be run."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pipeline.recipe.curate import AnyStep
from pipeline.recipe.file import read_file
from tests.pipeline.helpers import ROOT

PAGE = (ROOT / "docs" / "curation.md").read_text(encoding="utf-8")
BLOCKS = [block for block in re.findall(r"(?:^    .*\n)+", PAGE, re.MULTILINE) if "step:" in block]


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_step_shown_is_one_a_recipe_may_have(block: str, tmp_path: Path) -> None:
    file = tmp_path / "steps.yaml"
    file.write_text(block, encoding="utf-8")
    for step in read_file(file).values:  # as a recipe is read
        TypeAdapter(AnyStep).validate_python(step)


def test_every_command_shown_is_there() -> None:
    modules = re.findall(r"python -m (benchmarks\.\w+)", PAGE)
    assert modules
    assert all(find_spec(module) for module in modules)
    assert (ROOT / "tests/pipeline/curate/steps/test_refusal.py").exists()


def test_the_readme_names_every_file_of_its_folder() -> None:
    folder = ROOT / "pipeline" / "curate"
    named = set(re.findall(r"\w+\.py", (folder / "README.md").read_text(encoding="utf-8")))
    assert {path.name for path in folder.glob("[a-z]*.py")} <= named
