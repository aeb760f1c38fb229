"""A large file is read once, and again where anything touched it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from prompts.digest import digest_file
from students.base import digests
from students.base.digests import MEMORY, model_files_digest, remembered_digest


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "LARGE_BYTES", 1)
    monkeypatch.setattr(digests, "SETTLED_NS", 0)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    base = tmp_path / "base"
    (base / "part").mkdir(parents=True)
    (base / "model.safetensors").write_bytes(b"weights")
    (base / "part" / "config.json").write_bytes(b"{}")
    return base


def test_it_is_the_digest_of_all_bytes_and_these_are_read_once(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remembered_digest(base, tmp_path / "cache") == digest_file(base)
    monkeypatch.setattr(digests, "digest_file", lambda path: pytest.fail(f"{path} was read again"))
    assert remembered_digest(base, tmp_path / "cache") == digest_file(base)
    assert remembered_digest(base / "model.safetensors", tmp_path / "cache") == digest_file(base / "model.safetensors")


def test_an_edit_of_the_same_size_and_time_is_noticed(base: Path, tmp_path: Path) -> None:
    weights = base / "model.safetensors"
    before, stat = remembered_digest(base, tmp_path), weights.stat()
    time.sleep(0.02)  # more than the tick of a file system's clock
    weights.write_bytes(b"WEIGHTS")
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert remembered_digest(base, tmp_path) == digest_file(base) != before


def test_a_file_of_another_name_is_another_base(base: Path, tmp_path: Path) -> None:
    before = remembered_digest(base, tmp_path)
    (base / "model.safetensors").rename(base / "other.safetensors")
    assert remembered_digest(base, tmp_path) == digest_file(base) != before


def test_what_was_touched_just_now_is_not_remembered(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "SETTLED_NS", 60 * 10**9)
    assert remembered_digest(base, tmp_path) == digest_file(base)
    assert not (tmp_path / MEMORY).exists()


@pytest.mark.parametrize("torn", ["", "[]", "{", '{"x": 1}'])
def test_a_torn_memory_is_made_anew(base: Path, tmp_path: Path, torn: str) -> None:
    (tmp_path / MEMORY).write_text(torn)
    assert remembered_digest(base, tmp_path) == digest_file(base)
    assert str(base / "model.safetensors") in (tmp_path / MEMORY).read_text()


def test_a_models_card_is_no_part_of_it(base: Path, tmp_path: Path) -> None:
    before = model_files_digest(base, tmp_path / "cache")
    (base / "README.md").write_text("It scores .9")
    assert model_files_digest(base, tmp_path / "cache") == before
    (base / "model.safetensors").write_bytes(b"others.")
    assert model_files_digest(base, tmp_path / "cache") != before
