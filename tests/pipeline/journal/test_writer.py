"""One thread that commits for all, and is final once it cannot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.run.errors import DiskFull
from tests.pipeline.helpers import reply, request, wanted
from tests.pipeline.journal.make import record, use


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
