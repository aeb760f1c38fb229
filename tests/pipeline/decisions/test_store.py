"""reviews.sqlite: what was added is there, in order, whoever else has it open."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.decisions.store import Store, read_decisions
from pipeline.run.errors import RunError
from tests.pipeline.review.make import decision


def test_decisions_come_back_as_made(tmp_path: Path) -> None:
    path = tmp_path / "a #%?.sqlite"
    made = [
        decision("edit", text="\u202e<b>\x00é", seen="ham", note="n", made_at=1.5),
        decision("prefer", other_id="t", reviewer="bob"),
    ]
    with closing(Store(path)) as store, closing(Store(path)) as other:
        store.add(made[:1])
        other.add(made[1:])
        assert store.read() == other.read() == read_decisions(path) == made
    assert read_decisions(path) == made
    assert read_decisions(tmp_path / "none.sqlite") == []


def test_all_or_none(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "r.sqlite")) as store:
        with pytest.raises(RunError, match="cannot be used"):
            store.add([decision("accept"), decision("nonsense")])  # type: ignore[arg-type]  # what is tested
        store.add([decision("reject")])
        assert [one.kind for one in store.read()] == ["reject"]


def test_a_broken_file_and_a_newer_one_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(RunError, match=r"r\.sqlite cannot be used"):
        read_decisions(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 9")
    with pytest.raises(RunError, match="newer stillhouse"):
        Store(path)
