"""The records of exports: read as written, and what is torn is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.run.directory import RunDir
from pipeline.run.exports import RECORD, Export, digests, read_exports, read_record, weigh, write_exports, write_record
from prompts.errors import InputError

EXPORT = Export("gguf-q8_0", "gguf:x", "digest", {"gguf": "0.17"}, bytes=12, digests={"a.gguf": "d"}, seconds=1.5)
FAILED = Export("onnx", "onnx:x", "digest", {}, failed="no such operator")


def test_the_list_comes_back_in_its_order(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    assert read_exports(run) == []
    run.package.parent.mkdir(parents=True, exist_ok=True)
    write_exports(run, [FAILED, EXPORT])
    assert read_exports(run) == [FAILED, EXPORT]


@pytest.mark.parametrize("text", ["{", '[{"unknown": 1}]', "[1]"])
def test_a_list_that_cannot_be_read_says_what_to_run(tmp_path: Path, text: str) -> None:
    run = RunDir(tmp_path)
    run.package.parent.mkdir(parents=True, exist_ok=True)
    run.package.write_text(text)
    with pytest.raises(InputError, match="stillhouse run --from package"):
        read_exports(run)


@pytest.mark.parametrize("text", [None, "", '{"name": "onnx"', '{"name": "onnx", "more": 1}'])
def test_a_torn_record_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / RECORD).write_text(text)
    assert read_record(tmp_path) is None
    assert read_record(tmp_path / "nowhere") is None
    write_record(tmp_path, EXPORT)
    assert read_record(tmp_path) == EXPORT


def test_weights_are_weighed_and_all_but_the_record_and_the_readme_is_digested(tmp_path: Path) -> None:
    for name, size in {"a.gguf": 7, "b.safetensors": 5, "config.json": 3, "README.md": 2, RECORD: 1}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    assert weigh(tmp_path) == 12
    before = digests(tmp_path)
    assert list(before) == ["a.gguf", "b.safetensors", "config.json"]
    (tmp_path / "README.md").write_text("another")
    assert digests(tmp_path) == before
    (tmp_path / "config.json").write_text("another")
    assert digests(tmp_path) != before
