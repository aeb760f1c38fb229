"""A small student, and the numbers of its training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from students.config import StudentConfig
from students.result import TrainResult


@pytest.fixture(scope="module")
def config(tiny: Path) -> StudentConfig:
    return StudentConfig(base=str(tiny), epochs=1, eval_every=1)


@pytest.fixture
def result() -> TrainResult:
    """A finished training, in numbers that are this test's own."""
    values: dict[str, Any] = dict.fromkeys(TrainResult.__slots__, 1) | {"measures": {"coverage": 1}}
    result = TrainResult(**values)
    assert asdict(result) == values
    return result
