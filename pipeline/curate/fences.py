"""Code fences, by CommonMark's rules (section 4.5), at any indentation, since a list's fences are indented."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


def is_balanced(text: str) -> bool:
    """Whether every fence that opens a block is closed: by its own character, as long or longer, alone on a line."""
    opened = ""
    for marks, info in _FENCE.findall(text):
        if not opened:
            opened = "" if marks[0] == "`" and "`" in info else marks  # "```x```" on one line is code within text
        elif marks.startswith(opened) and not info.strip():
            opened = ""
    return not opened
