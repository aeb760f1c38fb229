"""Code fences: what is a fenced answer, what a block within one, and what is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.fences import blocks, first_block, is_balanced, unfence

VERDICT = '{"reason": "so it is", "score": 4}'

FENCED = [
    f"```\n{VERDICT}\n```",
    f"```json\n{VERDICT}\n```",
    f"```JSON\n{VERDICT}\n```",
    f"``` json\n{VERDICT}\n```",
    f"```json \t\n{VERDICT}\n``` ",
    f"```json\r\n{VERDICT}\r\n```\r\n",
    f"~~~json\n{VERDICT}\n~~~",
    f"````json\n{VERDICT}\n````",
    f"```json\n{VERDICT}\n````",
    f"  ```json\n  {VERDICT}\n  ```",
    f"```python title=`x`\n{VERDICT}\n```".replace("`x`", "x"),
    f"\n\n```json\n{VERDICT}\n```\n\n",
]

NOT_FENCED = [
    VERDICT,
    f"I think:\n```json\n{VERDICT}\n```",
    f"```json\n{VERDICT}\n```\nThat is all.",
    f"```json\n{VERDICT}\n```\n```json\n{VERDICT}\n```",
    f"```json\n{VERDICT}",
    f"```json\n{VERDICT}\n~~~",
    f"````json\n{VERDICT}\n```",
    f"```json {VERDICT} ```",
    f"`{VERDICT}`",
    "",
    "```",
]


@pytest.mark.parametrize("text", FENCED)
def test_a_fenced_answer_is_what_stands_within_the_fence(text: str) -> None:
    assert unfence(text).strip() == VERDICT
    assert first_block(text).strip() == VERDICT
    assert is_balanced(text)


@pytest.mark.parametrize("text", NOT_FENCED)
def test_any_other_answer_stays_as_it_is(text: str) -> None:
    assert unfence(text) == text


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Like this:\n```python\nx = 1\n```\nIt sets x.", "x = 1\n"),
        ("```a\n1\n```\n```b\n2\n```", "1\n"),
        ("````md\n```py\nx\n```\n````", "```py\nx\n```\n"),
        ("~~~\n```\n~~~", "```\n"),
        ("```\n```", ""),
        ("1. a\r\n    ```\r\n    x\r\n    ```\r\n", "    x\r\n"),
        ("```inline``` and\n```py\nx\n```", "x\n"),
        ("never closed:\n```\nx", "never closed:\n```\nx"),
        ("no fence", "no fence"),
    ],
)
def test_the_first_block_is_found_whatever_is_said_around_it(text: str, content: str) -> None:
    assert first_block(text) == content


LINES = st.lists(st.sampled_from(["```", "```json", "~~~", "````", "x", "  ```", "``` `", ""]), max_size=8)


@given(LINES.map("\n".join))
def test_blocks_are_in_order_and_apart(text: str) -> None:
    at = 0
    for block in blocks(text):
        assert at <= block.start < block.end <= len(text)
        assert block.content is None or block.content in text[block.start : block.end]
        at = block.end
    assert is_balanced(text) == all(block.content is not None for block in blocks(text))


@given(
    st.text(st.characters(exclude_characters="`\r", codec="utf-8")).map(str.strip),
    st.sampled_from(["", "json", " Py x=1"]),
)
def test_what_is_fenced_comes_out_again(text: str, info: str) -> None:
    assert unfence(f"```{info}\n{text}\n```") == f"{text}\n"


@pytest.mark.parametrize(
    ("text", "balanced"),
    [
        ("no fence, `code` and ```inline```", True),
        ("```inline``` at a line's start", True),
        ("~~~\n```\n~~~", True),
        ("````md\n```py\n```\n````", True),
        ("```\nx\n``` not the end", False),
        ("1. a\n    ```\n    x\n    ```", True),
        ("```a\n```\n```b", False),
    ],
)
def test_every_fence_that_opens_is_closed(text: str, balanced: bool) -> None:
    assert is_balanced(text) == balanced
