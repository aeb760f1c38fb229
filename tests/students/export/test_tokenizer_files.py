"""A tokenizer's files beside an export: the student's own, byte for byte."""

from __future__ import annotations

from pathlib import Path

from students.export.tokenizer_files import TOKENIZER_FILES, copy_tokenizer


def test_the_students_files_replace_the_converters_and_others_stay(tmp_path: Path) -> None:
    student, out = tmp_path / "student", tmp_path / "out"
    student.mkdir()
    out.mkdir()
    for name in (*TOKENIZER_FILES[:3], "model.safetensors"):
        (student / name).write_bytes(f"{name}\r\n".encode())
    (out / "tokenizer.json").write_text("the converter's")
    (out / "genai_config.json").write_text("the converter's")
    copy_tokenizer(student, out)
    assert {file.name for file in out.iterdir()} == {*TOKENIZER_FILES[:3], "genai_config.json"}
    for name in TOKENIZER_FILES[:3]:
        assert (out / name).read_bytes() == (student / name).read_bytes()
    assert (out / "genai_config.json").read_text() == "the converter's"
