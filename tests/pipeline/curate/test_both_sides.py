"""kept.parquet and dropped.parquet: both fit their schemas."""

from __future__ import annotations

from typing import Any

from pipeline.curate.both_sides import write_both
from pipeline.curate.curate import Extras, curate
from pipeline.curate.tokens import TokenFile
from pipeline.journal.columns import REPLIES
from pipeline.recipe.curate import Curate, Split
from pipeline.run.records import read_rows, write_parquet
from tests.pipeline.curate.make_rows import logprobs, row, student_messages
from tests.pipeline.curate.make_steps import STEPS


def test_both_sides_fit_their_schemas_and_trl_reads_them(tmp_path: Any) -> None:
    import datasets

    rows = [row(f"p{i}", tokens=logprobs(-0.1 * i, -1.0)) for i in range(8)] + [row("p9", outcome="refused")]
    replies = tmp_path / "replies.parquet"
    write_parquet(replies, REPLIES, rows)
    result = curate(
        rows, student_messages(rows), Curate(split=Split(heldout=0.5), steps=STEPS), Extras(tokens=TokenFile(replies))
    )
    write_both(replies, result, tmp_path / "kept.parquet", tmp_path / "dropped.parquet")
    assert [item["sample_id"] for item in read_rows(tmp_path / "kept.parquet")] == list(result.kept)
    assert len(list(read_rows(tmp_path / "dropped.parquet"))) == len(result.dropped)
    assert {item["reason"] for item in read_rows(tmp_path / "dropped.parquet")} >= {"refused"}
    loaded = datasets.load_dataset("parquet", data_files=str(tmp_path / "kept.parquet"), cache_dir=str(tmp_path))
    assert loaded["train"][0]["completion"][0]["role"] == "assistant"
