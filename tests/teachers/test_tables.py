"""Tables that ship beside the code: read as PyYAML's own loader reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from teachers.tables import load_table
from tests.pipeline.helpers import ROOT

TABLES = sorted((ROOT / "teachers").rglob("*.yaml"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_libyaml_reads_what_python_reads(path: Path) -> None:
    rows = load_table(path)
    assert rows == yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    assert rows
    assert all(isinstance(row, dict) for row in rows)
