"""A review changes what a run still has to do, and a run without gold can be given some."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from pipeline.decisions.decision import Decision, Kind
from pipeline.decisions.rulings import read_rulings
from pipeline.decisions.store import Store
from pipeline.evaluate.answers.rows import read_evaluation_rows
from pipeline.recipe.load import load_recipe
from pipeline.run.context import Context
from pipeline.run.counts import CurateCounts
from pipeline.run.directory import RunDir
from pipeline.run.manifest import Manifest
from pipeline.run.progress import Progress
from pipeline.run.records import read_rows
from pipeline.stages import run_stages
from prompts.errors import InputError
from tests.pipeline.explain.test_what_if import curated
from tests.pipeline.review.make import two_teachers

PROMPTS = {"source": "rows.jsonl", "template": "t.md"}


def add(run: RunDir, *made: Decision) -> None:
    with closing(Store(run.reviews)) as store:
        store.add(made)


def said_of_gold(run: RunDir, recipe: Path, capfd: pytest.CaptureFixture[str]) -> bool:
    """Whether evaluating says that nobody will have a score; it goes no further, for there is no student."""
    context = Context(load_recipe(recipe), run, run.load_manifest(), Progress(as_json=True))
    with pytest.raises(InputError, match="the stage 'train' is not up to date"):
        run_stages(context, "evaluate", "evaluate")
    return "stillhouse review RUN --split heldout" in capfd.readouterr().err


def counts_of(manifest: Manifest) -> CurateCounts:
    counts = manifest.counts(CurateCounts)
    assert counts is not None
    return counts


def test_a_decision_curates_again_and_withdrawing_it_brings_the_corpus_back(tmp_path: Path) -> None:
    run, recipe = two_teachers(tmp_path), tmp_path / "recipe.yaml"
    first = run.load_manifest().stages["curate"].fingerprint
    row = next(one for one in read_rows(run.kept) if one["split"] == "train")
    text = row["completion"][0]["content"]
    add(run)  # a page that was opened and closed
    assert read_rulings(run.reviews).digest is None
    assert curated(recipe).load_manifest().stages["curate"].fingerprint == first
    add(run, Decision(row["prompt_id"], row["sample_id"], "ann", "reject", seen=text))
    manifest = curated(recipe).load_manifest()
    assert manifest.stages["curate"].fingerprint != first
    counts = counts_of(manifest)
    assert counts.dropped == {"review": {"rejected": 1}}
    assert counts.review is not None
    assert counts.review.reviewed == 1
    add(run, Decision(row["prompt_id"], row["sample_id"], "ann", "withdraw"))
    assert curated(recipe).load_manifest().stages["curate"].fingerprint == first


def test_only_what_concerns_the_train_side_is_passed_on(tmp_path: Path) -> None:
    run, recipe = two_teachers(tmp_path, prompts=PROMPTS), tmp_path / "recipe.yaml"
    sides = {side: [one for one in read_rows(run.kept) if one["split"] == side] for side in ("train", "heldout")}
    kinds: tuple[Kind, ...] = ("accept", "edit", "reject")
    for row, kind in zip(sides["heldout"], kinds, strict=False):
        seen = row["completion"][0]["content"]
        add(run, Decision(row["prompt_id"], row["sample_id"], "ann", kind, "by hand", seen))
    review = counts_of(curated(recipe).load_manifest()).review
    assert review is not None
    assert (review.reviewed, review.obeyed) == (3, None)
    row = sides["train"][0]
    add(run, Decision(row["prompt_id"], row["sample_id"], "ann", "edit", "by hand", row["completion"][0]["content"]))
    review = counts_of(curated(recipe).load_manifest()).review
    assert review is not None
    assert review.obeyed is not None
    add(run, Decision(sides["heldout"][0]["prompt_id"], sides["heldout"][0]["sample_id"], "ann", "withdraw"))
    again = counts_of(curated(recipe).load_manifest()).review
    assert again is not None
    assert again.obeyed == review.obeyed


def test_people_give_a_run_without_gold_what_it_is_scored_by(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run, recipe = two_teachers(tmp_path, prompts=PROMPTS), tmp_path / "recipe.yaml"
    assert said_of_gold(run, recipe, capfd)
    row = next(one for one in read_rows(run.kept) if one["split"] == "heldout")
    add(run, Decision(row["prompt_id"], row["sample_id"], "ann", "edit", "by hand", row["completion"][0]["content"]))
    curated(recipe)
    golds = {one["gold"] for one in read_rows(run.kept) if one["prompt_id"] == row["prompt_id"]}
    assert golds == {"by hand"}
    rows = read_evaluation_rows(run.kept, run.dropped, run.replies, load_recipe(recipe).evaluate).rows
    assert [one.gold for one in rows if one.prompt_id == row["prompt_id"]] == ["by hand"]
    assert not said_of_gold(run, recipe, capfd)
