"""A random two-layer llama with a real tokenizer, and a corpus that it can learn in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.base import find_base, prepare_base
from tests.students.samples import WriteCorpus, corpus_rows, save_tiny, write_rows


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


@pytest.fixture(scope="session")
def gguf() -> Path:
    try:
        return Path(find_base("smollm2-135m"))
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def prepared(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2-135M as a directory of safetensors."""
    return Path(prepare_base("smollm2-135m", cache=tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def tokenizer(prepared: Path) -> Any:
    from students.encode import load_tokenizer

    return load_tokenizer(str(prepared))


@pytest.fixture(scope="session")
def tiny(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory: llama, two layers of 64, random weights."""
    return save_tiny(tokenizer, tmp_path_factory.mktemp("tiny"), layers=2)
