"""The journal's guarantees: on disk before use, a prefix after any cut, and fatal once it cannot be written."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.journal import schema as journals
from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from pipeline.journal.read import attempts_of, reply_of
from pipeline.run.errors import DiskFull, RunError
from teachers.errors import Transient
from tests.pipeline.helpers import reply, request, wanted


def record(path: Path, texts: list[str]) -> None:
    """Wants every text and answers it, one commit after the other."""

    async def work(journal: Journal) -> None:
        await journal.want((wanted(text),) for text in texts)
        for text in texts:
            attempt = await journal.intend(request(text))
            await journal.settle(attempt, request(text), reply(text))

    use(path, work)


def use(path: Path, work: Callable[[Journal], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        with Journal(path) as journal:
            return await work(journal)

    return asyncio.run(main())


def test_rows_are_the_replies_in_the_order_wanted(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record(path, ["b", "a", "ü"])
    found = list(rows(path))
    assert [row["reply"] for row in found] == ["b", "a", "ü"]
    assert found[0]["tokens"][0]["top"][0]["bytes"] == b"\xf0\x9f"
    nothing = dict.fromkeys(("cached_tokens", "reasoning_tokens", "cache_write_tokens"))
    assert found[0]["usage"] == {"input_tokens": 3, "output_tokens": 1, **nothing}
    assert found[0]["attempts"] == 1


def test_an_intent_is_on_disk_before_the_call(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def work(journal: Journal) -> dict[str, Any]:
        await journal.want([(wanted("a"),)])
        await journal.intend(request("a"))
        return progress_of(path)  # through another connection: what is committed

    assert use(path, work) == {"samples": 1, "answered": 0, "attempts": {"in_flight": 1}}


def owed(journal: Journal) -> set[str]:
    """The wanted samples that have no reply."""
    return {item.sample_id for chain in journal.owed(0) for item in chain}


def test_what_was_in_flight_is_unknown_and_owed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def die(journal: Journal) -> None:
        await journal.want([(wanted("a"),), (wanted("b"),)])
        attempt = await journal.intend(request("a"))
        await journal.settle(attempt, request("a"), reply("a"))
        await journal.intend(request("b"))

    async def look(journal: Journal) -> tuple[int, set[str]]:
        return journal.left_in_flight, owed(journal)

    use(path, die)
    assert use(path, look) == (1, {wanted("b").sample_id})
    assert [row["outcome"] for row in rows(path)] == ["ok", "unknown"]


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


def test_the_first_reply_stays(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def work(journal: Journal) -> None:
        await journal.want([(wanted("a"),)])
        for text in ("first", "second"):
            attempt = await journal.intend(request("a"))
            await journal.settle(attempt, request("a"), reply(text))

    use(path, work)
    assert [row["reply"] for row in rows(path)] == ["first"]


def test_replies_outlive_a_change_of_what_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record(path, ["a", "b"])

    async def want_less_then_more(journal: Journal) -> set[str]:
        await journal.want([(wanted("b"),)])
        assert not owed(journal)
        await journal.want([(wanted("a"),), (wanted("b"),), (wanted("c"),)])
        return owed(journal)

    assert use(path, want_less_then_more) == {wanted("c").sample_id}


def test_many_callers_share_commits(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    texts = [f"t{i}" for i in range(300)]

    async def one(journal: Journal, text: str) -> None:
        attempt = await journal.intend(request(text))
        await journal.settle(attempt, request(text), reply(text))

    async def work(journal: Journal) -> None:
        await journal.want((wanted(text),) for text in texts)
        async with asyncio.TaskGroup() as group:
            for text in texts:
                group.create_task(one(journal, text))

    use(path, work)
    assert [row["reply"] for row in rows(path)] == texts


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1))
def test_cut_at_any_byte_it_recovers_to_a_prefix(share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    texts = [f"text {i}" for i in range(12)]
    whole = _written(texts, tmp_path_factory)
    cut = tmp_path_factory.mktemp("cut") / "journal.sqlite"
    shutil.copyfile(whole, cut)
    log = Path(f"{whole}-wal").read_bytes()
    Path(f"{cut}-wal").write_bytes(log[: int(len(log) * share)])

    async def look(journal: Journal) -> set[str]:
        return owed(journal)

    left = use(cut, look)
    found = list(rows(cut))
    answered = [row["sample_id"] for row in found if row["outcome"] == "ok"]
    assert answered == [wanted(text).sample_id for text in texts[: len(answered)]]
    assert len(found) in (0, len(texts))  # the wanted samples are one commit: all there or none
    assert left == {row["sample_id"] for row in found} - set(answered)


_written_at: list[Path] = []


def _written(texts: list[str], factory: pytest.TempPathFactory) -> Path:
    """A journal copied while open, so that its log still holds every commit, as after a power cut."""
    if not _written_at:
        path = factory.mktemp("whole") / "journal.sqlite"
        copy = factory.mktemp("copy") / "journal.sqlite"

        async def work(journal: Journal) -> None:
            await journal.want((wanted(text),) for text in texts)
            for text in texts:
                attempt = await journal.intend(request(text))
                await journal.settle(attempt, request(text), reply(text))
            shutil.copyfile(path, copy)
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")

        Journal(path).close()  # the tables are in the file itself; the log holds the records
        use(path, work)
        _written_at.append(copy)
    return _written_at[0]


def test_a_full_disk_is_said_and_final(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record(path, ["a"])

    async def work(journal: Journal) -> None:
        # SQLite's own limit raises the very error that a full disk does.
        pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
        journal._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(DiskFull, match="disk is full"):
            for number in range(1000):
                await journal.settle(await journal.intend(request("b")), request(f"b{number}"), reply("x" * 5000))
        journal._connection.execute("PRAGMA max_page_count = 100000")
        with pytest.raises(DiskFull):
            await journal.intend(request("c"))

    use(path, work)
    assert [row["reply"] for row in rows(path)] == ["a"]


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, but long enough to have a header" * 10)
    with pytest.raises(RunError, match="is not a journal"):
        Journal(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {journals.FORMAT_VERSION + 1}")
    connection.close()
    with pytest.raises(RunError, match=f"journal format {journals.FORMAT_VERSION + 1}"):
        Journal(path)
