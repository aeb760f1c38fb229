"""How a command ended, in words."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.process.exit_status import exit_of


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"code": 0}, "exit status 0"),
        ({"code": 3, "last": "no such row"}, "exit status 3: no such row"),
        ({"code": -9}, "ended by SIGKILL"),
        ({"code": -15, "last": "bye"}, "ended by SIGTERM: bye"),
        ({}, "exit status 0"),
    ],
)
def test_a_status_or_a_signal_and_the_last_line(answer: dict[str, Any], words: str) -> None:
    assert exit_of(answer) == words
