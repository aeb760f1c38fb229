from collections.abc import Callable
from pathlib import Path

import pytest

from prompts.errors import StillhouseError
from students import files
from students.files import beside, directory_bytes, disk_for, publish


def writer(text: str) -> Callable[[Path], None]:
    def write(place: Path) -> None:
        (place / "model").write_text(text)

    return write


def test_a_directory_appears_whole_and_replaces_the_older(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "student"
    for text in ("first", "second"):
        publish(target, writer(text))
        assert (target / "model").read_text() == text
    assert list(target.parent.iterdir()) == [target]
    assert directory_bytes(target) == len("second")


def test_a_failed_write_leaves_the_older_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "student"
    publish(target, writer("old"))

    def fail(place: Path) -> None:
        (place / "model").write_text("half")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        publish(target, fail)
    assert (target / "model").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_kill_left_behind_is_cleared(tmp_path: Path) -> None:
    target = tmp_path / "student"
    for kind in ("partial", "old"):
        beside(target, kind).mkdir()
        (beside(target, kind) / "junk").touch()
    publish(target, writer("new"))
    assert list(tmp_path.iterdir()) == [target]
    assert list(target.iterdir()) == [target / "model"]


def test_too_little_disk_is_said_before_the_work(tmp_path: Path) -> None:
    with (
        pytest.raises(StillhouseError, match=r"needs \d+\.\d GB under .* are free"),
        disk_for(tmp_path / "new", 10**18),
    ):
        pytest.fail("began")


def test_a_disk_that_fills_up_is_named_whatever_the_library_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match="unrelated"), disk_for(tmp_path, 1):
        raise RuntimeError("unrelated")
    with pytest.raises(StillhouseError, match="is full"), disk_for(tmp_path, 1):
        monkeypatch.setattr(files, "_free_bytes", lambda path: 0)
        raise RuntimeError("PytorchStreamWriter failed writing file data/3")
