"""Log formats: the first that recognises a line reads it."""

from __future__ import annotations

import pytest

from prompts.logs.log_format import find_log_format, log_formats


def test_formats_have_their_own_names_and_are_asked_by_place() -> None:
    formats = log_formats()
    assert len({each.name for each in formats}) == len(formats)
    assert [each.place for each in formats] == sorted(each.place for each in formats)


@pytest.mark.parametrize("body", [None, [], "text", 3, {}, {"subject": "a", "label": "spam"}])
def test_what_is_no_log_is_nobodys(body: object) -> None:
    assert find_log_format(body) is None


def test_a_reply_beside_its_messages_is_our_own_format() -> None:
    turns = [{"role": "user", "content": "Why?"}]
    found = find_log_format({"messages": turns, "reply": "So."})
    assert found is not None
    assert found.name == "own"
