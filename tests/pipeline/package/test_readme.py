"""The README of an export."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.package.readme import write_readme
from pipeline.run.exports import Export
from students.export.find import FORMS


@pytest.mark.parametrize(
    ("name", "run", "where"),
    [
        ("gguf-q8_0", "\n    llama-server -m model.gguf\n", "`gguf:PATH/TO/model.gguf`"),
        ("onnx", "\n    model = onnxruntime_genai.Model('THIS DIRECTORY')\n", "`onnx:PATH/TO/THIS/DIRECTORY`"),
        ("int8", "\n    from transformers import pipeline\n", "`huggingface:PATH/TO/THIS/DIRECTORY`"),
    ],
)
def test_it_says_how_to_run_each_kind(name: str, run: str, where: str, tmp_path: Path) -> None:
    write_readme(tmp_path, Export(name, FORMS[name].spec(tmp_path), student="0", versions={}), None, 0)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert run in text
    assert f"wherever a teacher is named: {where}" in text
