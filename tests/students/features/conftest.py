"""A teacher whose hidden states a student can learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from students.config import Features, StudentConfig
from tests.models import save_tiny


@pytest.fixture(scope="session")
def deep(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher of four layers."""
    return save_tiny(tokenizer, tmp_path_factory.mktemp("deep"), layers=4)


@pytest.fixture
def config(tiny: Path, deep: Path) -> StudentConfig:
    features = Features(teacher=str(deep))
    return StudentConfig(
        base=str(tiny), features=features, epochs=3, learning_rate=5e-3, batch_size=8, eval_every=1, max_length=256
    )
