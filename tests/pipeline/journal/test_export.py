"""Rows of replies.parquet, in the order wanted, whatever became of them."""

from __future__ import annotations

from pathlib import Path

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.journal.read import attempts_of, reply_of
from teachers.errors import Transient
from tests.pipeline.helpers import reply, request, wanted
from tests.pipeline.journal.make import record, use


def test_rows_are_the_replies_in_the_order_wanted(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record(path, ["b", "a", "ü"])
    found = list(rows(path))
    assert [row["reply"] for row in found] == ["b", "a", "ü"]
    assert found[0]["tokens"][0]["top"][0]["bytes"] == b"\xf0\x9f"
    nothing = dict.fromkeys(("cached_tokens", "reasoning_tokens", "cache_write_tokens"))
    assert found[0]["usage"] == {"input_tokens": 3, "output_tokens": 1, **nothing}
    assert found[0]["attempts"] == 1


def test_a_failed_attempt_is_a_row_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def work(journal: Journal) -> None:
        await journal.want([(wanted("a"),)])
        attempt = await journal.intend(request("a"))
        await journal.settle(attempt, request("a"), Transient("went away", provider="test", status=503))

    use(path, work)
    [row] = rows(path)
    assert (row["outcome"], row["reply"], row["attempts"]) == ("transient", "", 1)
    assert attempts_of(path, request("a").key)[0]["detail"] == "test (503): went away"
    assert reply_of(path, request("a").key) is None


def test_a_truncated_text_stays_in_the_journal_and_out_of_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def work(journal: Journal) -> None:
        await journal.want([(wanted("a"),)])
        attempt = await journal.intend(request("a"))
        await journal.settle(attempt, request("a"), reply("half an ans", outcome="truncated", finish_reason="length"))

    use(path, work)
    assert [(row["outcome"], row["reply"]) for row in rows(path)] == [("truncated", "")]
    kept = reply_of(path, request("a").key)
    assert kept is not None
    assert kept["text"] == "half an ans"
