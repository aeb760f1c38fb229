"""Splitting: every line in one part, in order, within the limits, whatever the sizes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.errors import InputError
from teachers.batch.parts import split
from teachers.provider import PartLimits
from teachers.spec import BatchOptions

LINES = st.lists(st.integers(0, 40).map(lambda size: b"x" * size), max_size=40)


@settings(deadline=None)
@given(LINES, st.integers(1, 9), st.integers(1, 4), st.integers(41, 400))
def test_parts_hold_every_line_once_in_order_and_keep_the_limits(
    bodies: list[bytes], most: int, least: int, size: int
) -> None:
    lines = [(f"key-{number}", body) for number, body in enumerate(bodies)]
    limits = PartLimits(most + least, size, least)
    found: list[tuple[str, bytes]] = []
    counts = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in split(lines, limits, folder):
            content = part.path.read_bytes()
            assert len(content) == part.size_bytes <= size
            assert part.ticket.requests == len(part.keys) <= limits.max_requests
            counts.append(len(part.keys))
            found += zip(part.keys, content.split(b"\n")[:-1], strict=True)
            assert list(folder.iterdir()) == [part.path]
        assert list(folder.iterdir()) == []
    assert found == lines
    if size > 41 * (most + 2 * least) and len(lines) >= least:  # the bytes never bind
        assert all(count >= least for count in counts)


def test_a_line_that_no_part_can_hold_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="request key has 20 bytes, a whole batch at most 20"):
        list(split([("key", b"x" * 20)], PartLimits(5, 20), tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_may_say_what_the_accounts_quotas_are() -> None:
    limits = PartLimits(50, 1000, 10)
    assert limits.under(BatchOptions()) == limits
    assert limits.under(BatchOptions(min_requests=3, max_requests=7)) == PartLimits(7, 1000, 3)
    assert limits.under(BatchOptions(max_requests=7)) == PartLimits(7, 1000, 7)
