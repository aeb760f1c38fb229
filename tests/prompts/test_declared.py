"""What a folder of modules declares is found without a list of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.declared import declared_in


def test_each_module_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "things_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name in ("b", "a"):
        (folder / f"{name}.py").write_text(f"THING = {name!r}\n")
    (folder / "README.md").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(declared_in("things_of_a_test", "THING").items()) == [("a", "a"), ("b", "b")]


def test_a_module_that_declares_nothing_is_a_mistake_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nothing_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "a.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(AttributeError, match="THING"):
        declared_in("nothing_of_a_test", "THING")
