"""A corpus that the two-layer llama of tests/conftest.py can learn in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.students.samples import WriteCorpus, corpus_rows, write_rows


@pytest.fixture(scope="session")
def write_corpus(tmp_path_factory: pytest.TempPathFactory) -> WriteCorpus:
    def write(rows: list[dict[str, Any]] | None = None) -> Path:
        return write_rows(tmp_path_factory.mktemp("corpus") / "kept.parquet", corpus_rows() if rows is None else rows)

    return write


@pytest.fixture(scope="session")
def corpus(write_corpus: WriteCorpus) -> Path:
    return write_corpus()


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """These models are too small to share, and test runs share their cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
