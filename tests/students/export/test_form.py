"""A form whose packages are missing names its extra."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import MissingExtra
from students.export.write import write_export


def test_a_missing_package_names_the_extra(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("students.export.form.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"the export 'int8' needs an extra: pip install 'stillhouse\[torchao\]'"):
        write_export(tiny, "int8", tmp_path)
