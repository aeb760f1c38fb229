"""Numbers in an answer, read in one way by votes, scorers and judges."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(
    r"(?:(?<![\w)])[-\u2212])?"  # a minus sign, unless something stands before it: 5-3 ends in 3
    r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
    r"(?:[eE][+-]?\d{1,3}(?!\d))?"
)

_COUNT = re.compile(r"\W*(\d+)\W*")

_DIGITS_READ = 9
"""No list is longer than nine digits say, and int() of a million digits would take a second."""


def last_number(text: str) -> Decimal | None:
    """Returns the last number in a text, which is where a worked answer ends; None where there is none.

    `1,234.5` has a comma for thousands. A minus sign may be U+2212, and digits those of any script.
    """
    numbers = _NUMBER.findall(text)
    if not numbers:
        return None
    return Decimal(numbers[-1].replace(",", "").replace("\u2212", "-"))


def sole_count(text: str) -> int | None:
    """Returns the whole number that a text is, outer punctuation aside: `**2**.` is 2; None for any other text.

    A number is not searched for in a sentence: `the second, not 1` names none.
    """
    match = _COUNT.fullmatch(text.strip())
    return None if match is None else int(match[1][:_DIGITS_READ])
