"""What the curate stage depends on: the settings, and the content of the files they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.curate.inputs import curate_inputs
from pipeline.recipe.load import load_recipe
from tests.pipeline.helpers import write_recipe


def inputs(folder: Path, steps: list[dict[str, Any]]) -> list[Any]:
    return curate_inputs(load_recipe(write_recipe(folder, curate={"steps": steps})))


def test_code_and_other_files_count_by_their_content(tmp_path: Path) -> None:
    check, rows = tmp_path / "check.py", tmp_path / "rows.txt"
    steps: list[dict[str, Any]] = [
        {"step": "decontaminate", "against": [str(rows)]},
        {"step": "verify", "function": f"{check}:check"},
    ]
    check.write_text("def check(sample):\n    return True\n")
    rows.write_text("a row\n")
    settings, code, files, models = inputs(tmp_path, steps)
    assert (len(code), len(files), models) == (1, 1, [])
    assert inputs(tmp_path, steps) == [settings, code, files, models]
    rows.write_text("another row\n")
    assert inputs(tmp_path, steps)[1] == code
    assert inputs(tmp_path, steps)[2] != files
    check.write_text("def check(sample):\n    return False\n")
    assert inputs(tmp_path, steps)[1] != code
    assert inputs(tmp_path, steps)[0] == settings


def test_another_setting_is_another_input(tmp_path: Path) -> None:
    assert inputs(tmp_path, [{"step": "near"}]) != inputs(tmp_path, [{"step": "near", "threshold": 0.7}])
