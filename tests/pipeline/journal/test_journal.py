"""The journal's guarantees: on disk before use, a prefix after any cut, and fatal once it cannot be written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from tests.pipeline.helpers import reply, request, wanted
from tests.pipeline.journal.make import owed, record, use


def test_an_intent_is_on_disk_before_the_call(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def work(journal: Journal) -> dict[str, Any]:
        await journal.want([(wanted("a"),)])
        await journal.intend(request("a"))
        return progress_of(path)  # through another connection: what is committed

    assert use(path, work) == {"samples": 1, "answered": 0, "attempts": {"in_flight": 1}}


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
