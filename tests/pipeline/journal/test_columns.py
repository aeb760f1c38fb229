"""The columns of replies.parquet: other people's scripts read them by these names and types."""

from __future__ import annotations

from pathlib import Path

from pipeline.journal.columns import COLUMNS, REPLIES
from pipeline.journal.export import tables
from pipeline.journal.journal import Journal
from tests.pipeline.helpers import wanted
from tests.pipeline.journal.make import record, use

NAMES = """
sample_id prompt_id request_key messages reply outcome finish_reason teacher sampling usage cost_usd latency_s attempts
created_at gold group tokens scored_by
"""


def test_the_columns_are_those_of_the_contract() -> None:
    assert REPLIES.names == NAMES.split()
    assert [column.arrow for column in COLUMNS] == REPLIES.types


def test_a_sample_without_a_reply_has_nulls(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def want(journal: Journal) -> None:
        await journal.want([(wanted("a"),)])

    use(path, want)
    [table] = tables(path)
    assert table.schema == REPLIES
    [row] = table.to_pylist()
    assert (row["outcome"], row["reply"], row["attempts"], row["tokens"]) == ("unknown", "", 0, [])
    lacking = ("finish_reason", "usage", "cost_usd", "latency_s", "created_at", "scored_by")
    assert {row[name] for name in lacking} == {None}


def test_the_moment_of_the_first_attempt_is_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record(path, ["a"])
    [table] = tables(path)
    [moment] = table["created_at"].to_pylist()
    assert moment.tzinfo is not None
    assert moment.utcoffset().total_seconds() == 0
