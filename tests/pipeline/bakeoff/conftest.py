"""A folder with rows, and a server that answers them rightly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.bakeoff.make import (
    ROWS,
    gold,
    say,
)
from tests.pipeline.helpers import write_rows
from tests.servers.faults import FaultServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i:03}", "label": gold(i)} for i in range(ROWS)])
    return tmp_path


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    with FaultServer(say) as server:
        yield server
