from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.display import wording


@pytest.mark.parametrize(
    ("say", "value", "expected"),
    [
        (wording.share, 0.86666, "0.867"),
        (wording.signed, 0.5, "+0.500"),
        (wording.number, 1203.6, "1,204"),
        (wording.number, 61.46, "61.5"),
        (wording.number, 0, "0"),
        (wording.large, 134_515_008, "135 M"),
        (wording.large, 62_700_000, "62.7 M"),
        (wording.large, 999_999, "1.0 M"),
        (wording.large, 12, "12"),
        (wording.seconds, 0.0853, "85 ms"),
        (wording.seconds, 0.9999, "1.00 s"),
        (wording.seconds, 31.4, "31.4 s"),
        (wording.seconds, 59.96, "1 min 00 s"),
        (wording.seconds, 185, "3 min 05 s"),
        (wording.dollars, 0.01234567, "$0.01235"),
        (wording.dollars, 0, "$0"),
        (wording.dollars, 4.1, "$4.10"),
        (wording.dollars, 1203.5, "$1,203.50"),
    ],
)
def test_numbers_as_people_read_them(say: Callable[[Any], str], value: float, expected: str) -> None:
    assert say(value).replace(wording.GLUE, " ") == expected


@pytest.mark.parametrize(
    "say", [wording.share, wording.signed, wording.number, wording.large, wording.seconds, wording.dollars]
)
def test_unknown_is_a_dash_and_never_zero(say: Callable[[Any], str]) -> None:
    assert say(None) == wording.DASH
