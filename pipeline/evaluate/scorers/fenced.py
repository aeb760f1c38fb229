"""What stands within the code fence that many models put around code and JSON."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`]*\n(.*?)^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)


def unfenced(text: str) -> str:
    """The first fenced block's content; the text itself where there is none."""
    found = _BLOCK.search(text)
    return found[2] if found else text
