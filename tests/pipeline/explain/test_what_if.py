"""What another setting would keep: nothing is written, nobody is asked, and the numbers are those of a real run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.curate.stage import work
from pipeline.explain.what_if import Difference, overrides_of, render_what_if, what_if
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.counts import CurateCounts
from pipeline.run.directory import RunDir, open_run
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from pipeline.stages import run_stages
from prompts.digest import digest_file
from prompts.errors import InputError
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows

SCRIPT = [  # the first two are the judge's
    {"match": "a spam 1", "reply": '{"reason": "curt", "score": 2}'},
    {"match": "Score the answer below", "reply": '{"reason": "fine", "score": 4}'},
    {"match": "mail 1", "reply": "a spam 1"},
    {"match": "mail 3", "reply": "call +49 171 2345678"},
    {"reply": "ham"},
]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    write_rows(tmp_path / "script.jsonl", SCRIPT)
    steps = [
        {"step": "outcome"},
        {"step": "format", "min_chars": 1},
        {"step": "judge", "judge": {"spec": f"scripted:{tmp_path}/script.jsonl"}, "rubric": "short", "min_score": 0.1},
        {"step": "pii", "action": "mask"},
    ]
    return write_recipe(tmp_path, curate={"split": {"heldout": 0.3}, "steps": steps})


def curated(recipe: Path) -> RunDir:
    loaded = load_recipe(recipe)
    with open_run(recipe.parent / "runs/small", loaded) as (run, manifest), Progress(as_json=True) as progress:
        run_stages(Context(loaded, run, manifest, progress), "generate", "curate")
    return run


def asked(recipe: Path, *changes: str) -> Difference:
    now, then = load_recipe(recipe), load_recipe(recipe, overrides_of(changes))
    with Progress(as_json=True) as progress:
        return what_if(now, then, recipe.parent / "runs/small", changes, progress)


def files(run: RunDir) -> dict[str, str]:
    return {str(path): digest_file(path) for path in run.root.rglob("*") if path.is_file()}


def test_the_difference_is_what_a_real_run_would_make(recipe: Path) -> None:
    run = curated(recipe)
    before = files(run)
    found = asked(recipe, "format.max_chars=9", "pii.action=drop")
    assert files(run) == before
    now = Manifest.load(run.manifest)
    assert now is not None
    counts = now.counts(CurateCounts)
    assert counts is not None
    assert found.sides["train"].now == counts.train
    then = load_recipe(recipe, overrides_of(["format.max_chars=9", "pii.action=drop"]))
    with Progress(as_json=True) as progress:
        real = work(Context(then, run, now, progress))
    assert [found.sides[side].then for side in ("train", "heldout")] == [real.train, real.heldout]
    assert sum(step.count.then for step in found.steps) == real.samples - real.kept
    assert sum(found.moved.values()) == counts.kept - real.kept == len(found.examples)


def test_a_judges_answers_come_from_the_journal_alone(recipe: Path) -> None:
    run = curated(recipe)
    before = files(run)
    stricter = asked(recipe, "judge.min_score=0.5")
    assert stricter.judge_unanswered == 0
    assert {(step.step, step.reason) for step in stricter.steps} <= {("judge", "low_score")}
    other = asked(recipe, "judge.rubric=long")
    assert other.judge_unanswered == other.sides["train"].now
    assert other.sides["train"].then == 0
    assert files(run) == before


def test_what_changes_nothing_says_so(recipe: Path) -> None:
    curated(recipe)
    found = asked(recipe, "format.max_chars=900")
    assert (found.moved, found.examples, found.rewritten) == ({}, [], 0)
    assert "change sides: none" in render_what_if(found)


def test_another_split_moves_rows_across(recipe: Path) -> None:
    curated(recipe)
    found = asked(recipe, "split.heldout=0.9")
    assert set(found.moved) == {"train to heldout"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("near", "expected STEP.FIELD=VALUE"),
        ("threshold=1", "expected STEP.FIELD=VALUE"),
        ("format.maxchars=1", r"'curate.steps.1.maxchars': Extra inputs are not permitted"),
        ("format.max_chars=-1", "greater than or equal to 1"),
    ],
)
def test_a_bad_change_is_one_message(recipe: Path, change: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe(recipe, overrides_of([change]))


def test_other_prompts_are_one_message(recipe: Path) -> None:
    curated(recipe)
    write_rows(recipe.parent / "rows.jsonl", [{"text": "another mail", "label": "ham"}])
    with pytest.raises(InputError, match="run the generate stage first"):
        asked(recipe, "format.max_chars=9")


def test_by_the_command(recipe: Path) -> None:
    curated(recipe)
    result = stillhouse("curate", recipe, "--what-if", "format.max_chars=9", "--json", cwd=recipe.parent)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["changes"] == ["format.max_chars=9"]
    nowhere = stillhouse("curate", recipe, "--dir", "none", "--what-if", "format.max_chars=9", cwd=recipe.parent)
    assert (nowhere.returncode, "is not a run directory" in nowhere.stderr) == (2, True)
