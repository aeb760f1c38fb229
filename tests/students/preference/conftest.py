"""A corpus with preferences beside it, and both losses."""

from __future__ import annotations

from pathlib import Path

import pytest

from students.config import StudentConfig
from students.methods.preference import Preference
from tests.students.preference.samples import pair_rows, write_own


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_own(tmp_path / "corpus", pair_rows())


@pytest.fixture(params=["dpo", "kto"])
def config(request: pytest.FixtureRequest, tiny: Path) -> StudentConfig:
    settings = Preference(loss=request.param, sft_weight=0.1 if request.param == "dpo" else 0)
    return StudentConfig(
        base=str(tiny), method="preference", preference=settings, epochs=3, learning_rate=1e-3, eval_every=1
    )
