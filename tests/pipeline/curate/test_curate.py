"""Curation as a whole: nothing disappears, whatever the replies."""

from __future__ import annotations

import itertools
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.both_sides import dropped_rows, kept_rows
from pipeline.curate.curate import curate
from pipeline.curate.curated import Curated
from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.calibrate import Calibrate
from pipeline.journal.columns import REPLIES
from pipeline.recipe.curate import Curate, Split
from pipeline.recipe.step import Step
from teachers.base import ANSWERS
from tests.pipeline.curate.make_rows import logprobs, row, student_messages
from tests.pipeline.curate.make_steps import STEPS


def kept(rows: list[dict[str, Any]], result: Curated) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kept_rows(pa.Table.from_pylist(rows, REPLIES), result).to_pylist()
    return found


def dropped(rows: list[dict[str, Any]], result: Curated) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dropped_rows(pa.Table.from_pylist(rows, REPLIES), result).to_pylist()
    return found


@st.composite
def reply_rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for prompt in range(draw(st.integers(1, 12))):
        for index in range(draw(st.integers(1, 3))):
            odds = draw(st.one_of(st.none(), st.floats(-5, 5)))
            rows.append(
                row(
                    f"prompt {prompt}",
                    index,
                    reply=draw(st.sampled_from(["spam", "Ham.", "eggs", ""])),
                    outcome=draw(st.sampled_from(["ok", "ok", "ok", "refused", "truncated", "transient", "unknown"])),
                    group=draw(st.sampled_from([None, "a", "b", "c"])),
                    tokens=[] if odds is None else logprobs(min(odds, 0) - 0.1, -max(odds, 0) - 0.1),
                )
            )
    return rows


@given(rows=reply_rows(), steps=st.permutations(STEPS), heldout=st.sampled_from([0.0, 0.3, 0.9]))
def test_samples_are_kept_or_dropped_or_failed(rows: list[dict[str, Any]], steps: list[Step], heldout: float) -> None:
    result = curate(rows, student_messages(rows), Curate(split=Split(heldout=heldout), steps=steps))
    ids = [item["sample_id"] for item in (*kept(rows, result), *dropped(rows, result))]
    assert sorted(ids) == sorted(item["sample_id"] for item in rows if item["outcome"] in ANSWERS)
    assert result.failed.total() == len(rows) - len(ids)
    counts = result.counts()  # raises where the identity does not hold
    assert counts.train + counts.heldout == counts.kept
    for before, after in itertools.pairwise(counts.funnel):
        assert before.left == after.entered
    assert all(item["step"] and item["reason"] for item in dropped(rows, result))


@given(rows=reply_rows())
def test_a_group_never_straddles_the_split(rows: list[dict[str, Any]]) -> None:
    result = curate(rows, student_messages(rows), Curate(split=Split(heldout=0.5), steps=[]))
    sides: dict[str, set[str]] = {}
    for item in kept(rows, result):
        sides.setdefault(item["group"] or item["prompt_id"], set()).add(item["split"])
    assert all(len(found) == 1 for found in sides.values())


@given(rows=reply_rows(), extra=reply_rows())
def test_rows_added_later_move_no_row_across(rows: list[dict[str, Any]], extra: list[dict[str, Any]]) -> None:
    config = Curate(split=Split(heldout=0.5, near=None), steps=[])
    later = [{**item, "sample_id": f"x{item['sample_id']}", "prompt_id": f"x{item['prompt_id']}"} for item in extra]
    before = curate(rows, student_messages(rows), config).kept
    after = curate([*later, *rows], student_messages([*later, *rows]), config).kept
    assert all(after[sample_id].split == sample.split for sample_id, sample in before.items())


@given(rows=reply_rows())
def test_no_selection_reaches_the_held_out_rows(rows: list[dict[str, Any]]) -> None:
    steps: list[Step] = [Agreement(min_share=1.0), Calibrate(labels=["spam", "ham"], keep=0.1)]
    result = curate(rows, student_messages(rows), Curate(split=Split(heldout=0.5), steps=steps))
    selected = {gone.reason for gone in result.dropped.values() if gone.sample.split == "heldout"}
    assert not selected & {"disagreement", "low_margin"}


@given(rows=reply_rows())
def test_gold_changes_no_verdict(rows: list[dict[str, Any]]) -> None:
    config = Curate(steps=STEPS)
    other = [{**item, "gold": "ham"} for item in rows]
    first, second = curate(rows, student_messages(rows), config), curate(other, student_messages(other), config)
    assert first.counts() == second.counts()
    for sample_id, sample in first.kept.items():
        theirs = second.kept[sample_id]
        assert (sample.completion, sample.split, sample.margin) == (theirs.completion, theirs.split, theirs.margin)
    for sample_id, gone in first.dropped.items():
        other_gone = second.dropped[sample_id]
        assert (gone.step, gone.reason, gone.score) == (other_gone.step, other_gone.reason, other_gone.score)


def test_curating_twice_gives_the_same() -> None:
    rows = [row(f"p{i}", reply="Spam!", tokens=logprobs(-0.2 * i, -1.0)) for i in range(20)]
    once, twice = (curate(rows, student_messages(rows), Curate(steps=STEPS)) for _ in range(2))
    assert {name: sample.completion for name, sample in once.kept.items()} == {
        name: sample.completion for name, sample in twice.kept.items()
    }
    assert once.counts() == twice.counts()
