"""The header of a GGUF file, beside what the format's own reader says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from students.base.gguf_header import read_header


def test_the_packaged_models_header_is_what_ggufs_reader_says(gguf: Path) -> None:
    from gguf import GGUFReader, GGUFValueType

    metadata, tensors = read_header(gguf)
    reader = GGUFReader(gguf)
    assert tensors == {tensor.name: int(tensor.n_elements) for tensor in reader.tensors}
    plain = {
        name: field.contents()
        for name, field in reader.fields.items()
        if not name.startswith("GGUF.") and field.types[0] != GGUFValueType.ARRAY
    }
    assert metadata == plain
    assert metadata["general.architecture"] == "llama"


@pytest.mark.parametrize("size", [3, 8, 24, 40, 500])
def test_a_torn_header_is_said(gguf: Path, tmp_path: Path, size: int) -> None:
    torn = tmp_path / "torn.gguf"
    with gguf.open("rb") as file:
        torn.write_bytes(file.read(size))
    with pytest.raises(ValueError, match=r"is no GGUF file|header cannot be read"):
        read_header(torn)


def test_another_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PK\x03\x04" * 10)
    with pytest.raises(ValueError, match="is no GGUF file"):
        read_header(tmp_path / "a")
