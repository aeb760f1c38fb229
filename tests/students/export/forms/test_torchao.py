"""int8 by torchao: near the student, safetensors only."""

from __future__ import annotations

from pathlib import Path

import pytest

from students.export.find import FORMS
from students.export.write import write_export
from tests.students.export.make import first_logprobs


def test_torchaos_weights_load_and_stay_near(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchao", reason="an extra of its own: it makes every import of transformers noisy")
    out = tmp_path / "int8"
    out.mkdir()
    write_export(tiny, "int8", out)
    assert not [file for file in out.iterdir() if file.suffix in (".bin", ".pt", ".pkl")]
    near = first_logprobs(f"huggingface:{tiny}")
    assert first_logprobs(FORMS["int8"].spec(out)) == pytest.approx(near, abs=0.05)
