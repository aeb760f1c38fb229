"""Code fences in an answer, read in one way by curation, scorers and judges.

The grammar is CommonMark's (0.31, section 4.5). A run of three or more backticks or tildes opens a block, with any
words behind it (`json`, `JSON`, ` python title=x`). The same character, as often or more, alone on a line, ends it.
Two things are more lenient, since models write them: any indentation, as the fences of a list have it, and lines that
end in CRLF. A block that is never closed is no block that can be read: the answer was cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# One expression for opening and closing fences: which of them a line is depends on the lines before it.
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


@dataclass(slots=True, frozen=True)
class Block:
    """A fenced block of a text."""

    start: int
    """Where the opening fence's line begins."""
    end: int
    """Where the closing fence's line ends; the end of the text where there is none."""
    content: str | None
    """The lines between the fences, the last line end included; None where the block is never closed."""


def blocks(text: str) -> Iterator[Block]:
    """Yields the fenced blocks of a text, in order. One that is never closed takes in all that follows it."""
    for opening, closing in _pairs(text):
        if closing is None:
            yield Block(opening.start(), len(text), None)
        else:
            yield Block(opening.start(), closing.end(), text[opening.end() + 1 : closing.start()])


def is_balanced(text: str) -> bool:
    """Says whether every fence that opens a block is closed."""
    return all(closing is not None for _, closing in _pairs(text))


def unfence(text: str) -> str:
    """Returns what stands within the fence of an answer that is one fenced block and nothing else, white space aside.

    Any other answer is returned as it is: one that holds a fence in its middle is not a fenced answer.
    """
    # Only the first block is looked at: where it is not the whole text, no later one is.
    whole = text.strip()
    block = next(blocks(whole), None)
    if block is None or block.content is None or (block.start, block.end) != (0, len(whole)):
        return text
    return block.content


def first_block(text: str) -> str:
    """Returns the content of the first closed block, whatever is said around it.

    A text without one is returned as it is.
    """
    for block in blocks(text):
        if block.content is not None:
            return block.content
    return text


def _pairs(text: str) -> Iterator[tuple[re.Match[str], re.Match[str] | None]]:
    """Yields each block's opening fence with its closing one."""
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        marks, info = fence.groups()
        if opening is None:
            is_inline_code = marks[0] == "`" and "`" in info  # "```x```" on one line
            if not is_inline_code:
                opening = fence
        elif marks.startswith(opening[1]) and not info.strip():
            yield opening, fence
            opening = None
    if opening is not None:
        yield opening, None
