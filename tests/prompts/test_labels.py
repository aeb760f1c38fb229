"""Labels: what is one, in whole texts and first lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.labels import Labels, bare_label, first_line

MAILS = Labels(("spam", "Ham"))


@pytest.mark.parametrize(
    ("text", "whole", "line"),
    [
        ("spam", "spam", "spam"),
        ("  **HAM**.", "Ham", "Ham"),
        ("ＳＰＡＭ", "spam", "spam"),
        ('"spam"\r\n', "spam", "spam"),
        ("\n\nspam\nBecause it sells something.", None, "spam"),
        ("spam\n\n", "spam", "spam"),
        ("It is spam", None, None),
        ("spam, ham", None, None),
        ("spammer", None, None),
        ("...", None, None),
        ("", None, None),
        ("😀", None, None),
    ],
)
def test_a_label_is_all_of_what_is_read(text: str, whole: str | None, line: str | None) -> None:
    assert MAILS.read(text) == whole
    assert MAILS.read_first_line(text) == line


@pytest.mark.parametrize(
    ("names", "differ"),
    [
        (("a", "b"), True),
        (("a",), True),
        ((), True),
        (("Spam", "spam."), False),
        (("+", "-"), False),
        (("...",), False),
    ],
)
def test_labels_differ_where_an_answer_can_name_each(names: tuple[str, ...], differ: bool) -> None:
    assert Labels(names).differ == differ


@given(st.text())
def test_a_bare_label_is_its_own_bare_form(text: str) -> None:
    assert bare_label(bare_label(text)) == bare_label(text)
    assert first_line(text) in text


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_each_of_labels_that_differ_names_itself(names: list[str]) -> None:
    labels = Labels(names)
    if labels.differ:
        assert [labels.read(name) for name in names] == names
