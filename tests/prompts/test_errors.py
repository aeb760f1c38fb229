"""Errors: one clear message each, from what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError, MissingExtra, StillhouseError


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({}, "is wrong"),
        ({"path": Path("r.yaml")}, "r.yaml: is wrong"),
        ({"path": "r.yaml", "line": 3}, "r.yaml:3: is wrong"),
        ({"line": 3}, "is wrong"),
        ({"field": "a.b"}, "field 'a.b': is wrong"),
        ({"remedy": "Mend it"}, "is wrong. Mend it"),
        ({"path": "r.yaml", "line": 3, "field": "a", "remedy": "Mend it"}, "r.yaml:3: field 'a': is wrong. Mend it"),
    ],
)
def test_a_message_says_what_is_known(known: dict[str, Any], message: str) -> None:
    error = InputError("is wrong", **known)
    assert (str(error), error.problem, error.exit_code) == (message, "is wrong", 2)


def test_a_missing_extra_says_how_to_install_it() -> None:
    error = MissingExtra("ROUGE", "scores")
    assert isinstance(error, StillhouseError)
    assert str(error) == "ROUGE needs an extra: pip install 'stillhouse[scores]'"
