"""Models that several folders share; each is made once a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from prompts.packaged import packaged_model
from students.base.prepare import prepare_base
from tests.models import save_tiny

# A law holds or it does not; how long it took on a busy machine is no part of it.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")


@pytest.fixture(scope="session")
def gguf() -> Path:
    """SmolLM2-135M as its package carries it."""
    return packaged_model("smollm2-135m")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a directory of safetensors."""
    return Path(prepare_base("smollm2-135m", cache=tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def tokenizer(gguf: Path) -> Any:
    """Its tokenizer: byte-level BPE, with a chat template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)


@pytest.fixture(scope="session")
def tiny(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory: llama, two layers of 64, random weights, the real tokenizer."""
    return save_tiny(tokenizer, tmp_path_factory.mktemp("tiny"), layers=2)
