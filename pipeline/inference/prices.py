"""What is said of a teacher that has no price."""

from __future__ import annotations

from teachers.catalog import Description

LOCAL = "local: no price per call"
UNKNOWN = "no price known: give `price`"


def no_price(teacher: Description) -> str:
    """Why a teacher has no price, where it has none."""
    return UNKNOWN if teacher.needs_key else LOCAL
