"""A model's files: a version by names and bytes, and no other weights than safetensors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prompts.errors import InputError
from teachers.local.huggingface_files import find_folder, version


def model(folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    return folder


def test_a_version_is_of_names_and_bytes_wherever_the_files_lie(tmp_path: Path) -> None:
    one, other = model(tmp_path / "one"), model(tmp_path / "other")
    assert version(str(one)) == version(str(other))
    (other / "README.md").write_text("no part of an answer")
    assert version(str(one)) == version(str(other))
    (other / "config.json").write_text('{"a": 1}')
    os.utime(other / "config.json", ns=(1, 1))
    assert version(str(one)) != version(str(other))


def test_other_weights_are_not_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "pytorch_model.bin").touch()
    with pytest.raises(InputError, match=r"holds no safetensors.*others can run code"):
        version(str(folder))


def test_a_hub_id_has_no_version_before_it_is_loaded_and_a_path_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert version("owner/name") is None
    assert find_folder("owner/name") is None
    assert find_folder(str(tmp_path)) == tmp_path
    for name in (str(tmp_path / "none"), "./none", "name", "a/b/c"):
        with pytest.raises(InputError, match="no such model directory"):
            version(name)
