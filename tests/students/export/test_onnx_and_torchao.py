"""Fewer bits through ONNX Runtime and torchao: near the student, smaller, and safetensors only."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import MissingExtra, StillhouseError
from students.export.find import FORMS
from students.export.write import write_export
from teachers.base import Reply, Teacher
from tests.teachers.contract import ask, with_teacher


def first_logprobs(spec: str) -> list[float]:
    async def use(teacher: Teacher) -> list[Reply]:
        return [await ask(teacher, text, top_logprobs=1000, max_tokens=1) for text in ("Hi", "What is 12 + 30?")]

    return [reply.tokens[0].logprob for reply in with_teacher(spec, use) if reply.tokens]


def test_torchaos_weights_load_and_stay_near(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("torchao", reason="an extra of its own: it makes every import of transformers noisy")
    out = tmp_path / "int8"
    out.mkdir()
    write_export(tiny, "int8", out)
    assert not [file for file in out.iterdir() if file.suffix in (".bin", ".pt", ".pkl")]
    near = first_logprobs(f"huggingface:{tiny}")
    assert first_logprobs(FORMS["int8"].spec(out)) == pytest.approx(near, abs=0.05)


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


def test_a_missing_package_names_the_extra(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("students.export.form.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"the export 'int8' needs an extra: pip install 'stillhouse\[torchao\]'"):
        write_export(tiny, "int8", tmp_path)
