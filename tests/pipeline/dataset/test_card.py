"""The card: where the rows are from, and what is not shown."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.run.directory import RunDir
from pipeline.run.records import read_rows
from tests.pipeline.helpers import stillhouse


def head_of(card: str) -> Any:
    return yaml.safe_load(card.split("---\n")[1])


def test_the_card_says_where_the_rows_are_from(made: RunDir) -> None:
    card = (made.dataset / "README.md").read_text()
    assert head_of(card)["license"] == "cc-by-4.0"
    for said in ("`rows.jsonl`, digest", "scripted:", "made for: task", "| pii | 12 | 12 |", "## Known limits"):
        assert said in card
    assert str(made.root) not in card


def test_what_no_step_has_masked_is_not_published(made: RunDir) -> None:
    everything = b"".join(path.read_bytes() for path in made.dataset.rglob("*.parquet"))
    rows = [row for path in made.dataset.rglob("*.parquet") for row in read_rows(path)]
    assert "a@b.org" in str(list(read_rows(made.kept)))
    assert "a@b.org" not in str(rows)
    assert b"a@b.org" not in everything
    assert "write to <EMAIL>" in str(rows)
    assert len(rows) == pq.read_metadata(made.kept).num_rows


def test_datasets_loads_the_folder(made: RunDir, tmp_path: Path) -> None:
    datasets: Any = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(made.dataset), cache_dir=str(tmp_path))
    assert sorted(loaded) == ["heldout", "train"]
    assert loaded["train"][0]["completion"][0]["role"] == "assistant"


def test_a_changed_licence_is_on_the_card_without_new_work(made: RunDir, tmp_path: Path) -> None:
    folder = shutil.copytree(made.root.parents[1], tmp_path / "copy")
    command = ("run", folder / "recipe.yaml", "--until", "curate", "--set", "prompts.license=mit")
    again = stillhouse(*command, cwd=folder)
    assert "curate: up to date" in again.stderr
    assert head_of((folder / "runs/small/dataset/README.md").read_text())["license"] == "mit"
