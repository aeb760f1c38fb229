"""What runs when: on a small run without a training, by a scripted teacher."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.directory import RunDir, open_run
from pipeline.run.progress import Progress, StageMessage, StageProgress
from pipeline.stages import NAMES, STAGES, run_stages
from prompts.errors import InputError
from tests.pipeline.helpers import tell, write_recipe, write_rows


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_rows(tmp_path / "script.jsonl", [{"match": "mail 1", "reply": "spam"}, {"reply": "ham"}])
    return write_recipe(tmp_path)


def run(recipe: Path, first: str, last: str, force_from: str | None = None) -> list[str]:
    """What the stages said, without their seconds."""
    lines: list[str] = []

    def listen(event: StageMessage | StageProgress) -> None:
        if isinstance(event, StageMessage):
            lines.extend(re.sub(r" in [0-9.]+ s$", "", line) for line in event.text.splitlines())

    loaded = load_recipe(recipe)
    with open_run(recipe.parent / "runs/small", loaded) as (files, manifest), Progress(listener=listen) as progress:
        run_stages(Context(loaded, files, manifest, progress), first, last, force_from=force_from)
    return lines


def change(recipe: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = RunDir(recipe.parent / "runs/small").manifest
    body = json.loads(path.read_text())
    edit(body["stages"])
    path.write_text(json.dumps(body))


def test_every_stage_is_declared_under_its_own_name() -> None:
    assert NAMES == ("generate", "curate", "train", "package", "evaluate", "report")
    assert [stage.module for stage in STAGES] == [f"pipeline.{name}.stage" for name in NAMES]


def test_what_did_not_change_is_up_to_date(recipe: Path) -> None:
    first = run(recipe, "generate", "curate")
    assert "generate: 12 rows, 12 prompts, 12 samples, 72 input tokens, 12 output tokens" in first
    assert run(recipe, "generate", "curate") == ["generate: up to date", "curate: up to date"]
    forced = run(recipe, "generate", "curate", force_from="curate")
    assert forced[0] == "generate: up to date"
    assert forced[1] == "curate:"


def test_counts_that_do_not_fit_run_their_stage_again_and_no_other(recipe: Path) -> None:
    run(recipe, "generate", "curate")
    change(recipe, lambda stages: stages["generate"]["counts"].pop("outcomes"))
    assert "failed: its counts do not fit this version (outcomes:" in status(recipe)
    lines = run(recipe, "generate", "curate")
    assert lines[0].startswith("generate: runs again: manifest.json has counts that do not fit (outcomes: ")
    assert lines[-1] == "curate: up to date"
    assert run(recipe, "generate", "curate") == ["generate: up to date", "curate: up to date"]


def test_a_later_stage_does_not_go_on_with_counts_that_do_not_fit(recipe: Path) -> None:
    run(recipe, "generate", "curate")
    change(recipe, lambda stages: stages["generate"]["counts"].update(rows="many"))
    with pytest.raises(InputError, match="the stage 'generate' is not up to date"):
        run(recipe, "curate", "curate")


def test_a_missing_file_runs_its_stage_again(recipe: Path) -> None:
    run(recipe, "generate", "curate")
    RunDir(recipe.parent / "runs/small").dropped.unlink()
    assert run(recipe, "generate", "curate")[:2] == ["generate: up to date", "curate:"]


def status(recipe: Path) -> str:
    return tell("status", "runs/small", cwd=recipe.parent).stdout
