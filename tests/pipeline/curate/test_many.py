"""As many rows as a run may have, all the same: no step's work grows with the square of them."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.curate.both_sides import write_both
from pipeline.curate.curate import COLUMNS, Extras, curate
from pipeline.curate.steps.agreement import Agreement
from pipeline.curate.steps.confidence import Confidence
from pipeline.curate.steps.copies import Copies
from pipeline.curate.steps.decontaminate import Decontaminate
from pipeline.curate.steps.format import Format
from pipeline.curate.steps.near import Near
from pipeline.curate.steps.outcome import Outcome
from pipeline.curate.steps.pii import Pii
from pipeline.curate.steps.refusal import Refusal
from pipeline.curate.steps.repetition import Repetition
from pipeline.curate.steps.select import Select
from pipeline.curate.tokens import TokenFile
from pipeline.journal.columns import REPLIES
from pipeline.recipe.curate import Curate
from pipeline.recipe.step import Step
from pipeline.run.counts import CurateCounts
from pipeline.run.records import read_rows
from prompts.messages import Conversation, Message
from tests.pipeline.curate.make_rows import row

QUESTION = (Message("user", "Is this mail of yesterday spam or is it ham?"),)

STEPS: list[Step] = [
    *(Outcome(), Format(min_words=1), Refusal(), Copies(), Repetition(), Pii()),
    *(Agreement(), Confidence(without_logprobs="keep"), Decontaminate()),
]


class Same(dict[str, Conversation]):
    """Every prompt asks the same."""

    def __missing__(self, prompt_id: str) -> Conversation:
        return QUESTION


def write_same(path: Path, count: int) -> None:
    """`count` rows that differ in their ids alone."""
    messages = [{"role": "user", "content": QUESTION[0].content}]
    one = pa.Table.from_pylist([row("p", messages=messages, reply="It is spam, no doubt about that.")], REPLIES)
    table = one.take(pa.array([0] * count))
    for name in ("sample_id", "prompt_id"):
        ids = pa.array([f"{name}{number}" for number in range(count)])
        table = table.set_column(REPLIES.get_field_index(name), REPLIES.field(name), ids)
    pq.write_table(table, path, row_group_size=1000)


def curate_same(folder: Path, count: int, steps: list[Step]) -> tuple[CurateCounts, float]:
    """The counts, and the seconds of CPU that curation took."""
    replies = folder / "replies.parquet"
    write_same(replies, count)
    began = time.process_time()
    result = curate(read_rows(replies, COLUMNS), Same(), Curate(steps=steps), Extras(tokens=TokenFile(replies)))
    write_both(replies, result, folder / "kept.parquet", folder / "dropped.parquet")
    return result.counts(), time.process_time() - began


@pytest.mark.parametrize("rows", [30_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_identical_rows_are_one(tmp_path: Path, rows: int) -> None:
    counts, seconds = curate_same(tmp_path, rows, Curate().steps)
    assert counts.kept == 1
    assert counts.dropped == {"exact": {"exact_duplicate": rows - 1}}
    assert seconds < rows / 3000  # a tenth of it is taken; a pass over the pairs would take hours


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("last", "kept"), [(Near(), 1), (Select(rows=1000, by="label"), 1000)])
def test_a_million_identical_rows_through_every_step(tmp_path: Path, last: Step, kept: int) -> None:
    counts, seconds = curate_same(tmp_path, 1_000_000, [*STEPS, last])
    assert [step.left for step in counts.funnel[:-1]] == [1_000_000] * len(STEPS)
    assert kept in (counts.train, counts.kept)
    assert seconds < 400
