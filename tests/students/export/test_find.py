"""The forms of a student: each found by its name, and missing packages told without importing any."""

from __future__ import annotations

import sys

import pytest

from prompts.errors import MissingExtra
from students.export.find import FORMS, require_exports


def test_every_form_is_found_under_its_own_name() -> None:
    assert {"gguf-q8_0", "gguf-q4_k_m"} <= FORMS.keys()
    assert all(name == form.name for name, form in FORMS.items())


def test_what_is_not_installed_is_told_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    require_exports([])
    require_exports(["gguf-q8_0"])
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingExtra, match=r"stillhouse\[\w+\]"):
        require_exports(["gguf-q8_0"])
