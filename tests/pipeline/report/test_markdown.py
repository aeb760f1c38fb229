"""report.md."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.markdown import escape, render_markdown
from tests.pipeline.report.make import everything


@given(st.text())
def test_escaped_text_has_no_bare_mark_and_one_line(text: str) -> None:
    found = escape(text)
    assert "\n" not in found
    assert not re.search(r"(?<!\\)(?:\\\\)*(?:[|`*\[\]_]|://)|[<>]", found)


def test_the_markdown_says_what_the_page_says() -> None:
    text = render_markdown(everything())
    assert "The student can replace its teacher" in text
    assert "## Where every sample went" in text
    assert "stillhouse evaluate runs/quickstart/recipe.yaml --dir runs/quickstart" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("| macro")}) == 1


@pytest.mark.parametrize(
    "text", ["a|b", "<img src=x>", "[x](javascript:alert(1))", "`x`\n# head", "https://example.org"]
)
def test_hostile_markdown_is_text(text: str) -> None:
    found = render_markdown(everything(text))
    assert "<img" not in found
    assert not re.search(r"(?<!\\)\]\(", found)
    assert "https://" not in found
    assert not re.search(r"(?m)^# head", found)


def test_without_an_evaluation_there_are_the_samples() -> None:
    text = render_markdown(replace(everything(), evaluation=None))
    assert "Nothing was compared yet" in text
    assert "## Comparison" not in text
