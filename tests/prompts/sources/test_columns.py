from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from prompts.sources.columns import read_columns
from prompts.sources.load import load_prompts
from prompts.template import load_template
from tests.pipeline.helpers import TEMPLATE, write_rows


def test_columns_are_read_by_the_prompts_id(tmp_path: Path) -> None:
    (tmp_path / "t.md").write_text(TEMPLATE)
    rows: list[dict[str, Any]] = [
        {"text": "a", "kind": "x"},
        {"text": "b", "kind": None},
        {"text": "a", "kind": "later"},
    ]
    source, template = write_rows(tmp_path / "rows.jsonl", rows), load_template(tmp_path / "t.md")
    first, second = load_prompts(source, template).prompts
    assert read_columns(source, template, ["kind"], field="f") == {first.id: {"kind": "x"}, second.id: {"kind": ""}}
    with pytest.raises(InputError, match=r"field 'evaluate.slices': no column 'other'"):
        read_columns(source, template, ["other"], field="evaluate.slices")
