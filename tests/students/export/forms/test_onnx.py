"""ONNX in fewer bits: near the student, and its builder's words where it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import StillhouseError
from students.export.write import write_export
from tests.students.export.make import first_logprobs


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "near"), [("onnx-int8", 0.05), ("onnx-int4", 0.5)])
def test_onnx_in_fewer_bits_stays_near(tiny: Path, tmp_path: Path, name: str, near: float) -> None:
    out = tmp_path / name
    out.mkdir()
    write_export(tiny, name, out)
    assert first_logprobs(f"onnx:{out}") == pytest.approx(first_logprobs(f"huggingface:{tiny}"), abs=near)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_the_builder_cannot_write_says_why(tiny: Path, tmp_path: Path) -> None:
    student, out = tmp_path / "student", tmp_path / "onnx"
    student.mkdir()
    out.mkdir()
    text = (tiny / "config.json").read_text().replace("LlamaForCausalLM", "NoSuchForCausalLM")
    (student / "config.json").write_text(text)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (student / file).write_bytes((tiny / file).read_bytes())
    with pytest.raises(StillhouseError, match=r"the ONNX builder could not write it: .*not currently supported"):
        write_export(student, "onnx", out)
    assert list(out.glob("cache-*")) == []
