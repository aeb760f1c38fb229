"""pipeline.run: the docstring's own example, and what a caller hears, gets back and can rely on."""

from __future__ import annotations

import asyncio
import doctest
from pathlib import Path

import pytest

import pipeline
from pipeline import InputError, StageMessage, StageProgress, load_recipe, open_run, run
from pipeline.front import work
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows

SCRIPT = [{"match": "1", "reply": "spam"}, {"reply": "ham"}]


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe in the current folder, as the docstring has it."""
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "script.jsonl", SCRIPT)
    return write_recipe(tmp_path)


@pytest.mark.usefixtures("recipe")
def test_the_docstrings_example() -> None:
    outcome = doctest.testmod(work)
    assert outcome.attempted > 5
    assert not outcome.failed


def test_run_is_the_function_though_a_folder_has_its_name(recipe: Path) -> None:
    from pipeline.run.directory import RunDir  # what would put the folder in its place

    assert pipeline.run is run
    assert callable(pipeline.run)
    assert RunDir(recipe.parent).root == recipe.parent
    assert {*pipeline.__all__} <= {*dir(pipeline)}
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = pipeline.nonsense


def test_progress_is_told_as_records_and_stderr_hears_nothing(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events: list[StageMessage | StageProgress] = []
    done = run(load_recipe(recipe), "elsewhere", until="curate", on_progress=events.append)
    assert done.directory == Path("elsewhere")
    last = next(event for event in reversed(events) if isinstance(event, StageProgress) and event.stage == "generate")
    assert (last.done, last.total) == (12, 12)
    assert last.figures["outcomes"] == {"ok": 12}
    assert any(isinstance(event, StageMessage) and event.text.startswith("curate: 12 samples") for event in events)
    assert capsys.readouterr() == ("", "")


def test_what_is_up_to_date_is_passed_over_by_both_doors(recipe: Path) -> None:
    run(load_recipe(recipe), until="curate", on_progress=lambda event: None)
    again = stillhouse("run", recipe, "--until", "curate", cwd=recipe.parent)
    assert again.stderr.splitlines()[:2] == ["generate: up to date", "curate: up to date"]
    texts: list[str] = []

    def listen(event: StageMessage | StageProgress) -> None:
        if isinstance(event, StageMessage):
            texts.append(event.text)

    run(load_recipe(recipe), until="curate", force_from="curate", on_progress=listen)
    assert texts[0] == "generate: up to date"
    assert texts[-1].startswith("curate: 12 samples")


def test_inside_a_running_loop_as_in_a_notebook(recipe: Path) -> None:
    async def cell() -> int:
        return len(run(load_recipe(recipe), until="curate", on_progress=lambda event: None).rows("kept"))

    assert asyncio.run(cell()) == 12


def test_errors_are_the_projects_own(recipe: Path) -> None:
    with pytest.raises(InputError, match=r"there is no stage 'bake'. Stages: generate, curate"):
        run(load_recipe(recipe), until="bake")
    with pytest.raises(InputError, match="'generate' is not up to date"):
        run(load_recipe(recipe), start="curate", until="curate", on_progress=lambda event: None)
    with pytest.raises(InputError, match="is not a run directory"):
        open_run(recipe.parent)
