"""A run with two kept rows, and one that was really curated."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.run.directory import RunDir
from tests.pipeline.dataset.make import LONG, kept, user
from tests.pipeline.explain.test_what_if import curated
from tests.pipeline.helpers import write_recipe, write_rows


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return kept(tmp_path / "run", [[user("Why?")], LONG], ["train", "train"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    folder = tmp_path_factory.mktemp("push")
    write_rows(folder / "script.jsonl", [{"match": "mail 3", "reply": "write to a@b.org"}, {"reply": "ham"}])
    steps = [{"step": "outcome"}, {"step": "pii"}]
    prompts = {"source": "rows.jsonl", "template": "t.md", "gold": "label", "license": "cc-by-4.0"}
    return curated(write_recipe(folder, prompts=prompts, curate={"split": {"heldout": 0.3}, "steps": steps}))
