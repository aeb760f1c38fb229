"""Words as curation counts them, the same in every step that counts any."""

from __future__ import annotations

import re

# Kana and Han have no spaces between words, and dictionaries would weigh more than this needs: each character is one.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[^\W_{_CJK}]+|[{_CJK}]")


def words(text: str) -> list[str]:
    """Returns the runs of letters and digits, in order; a Chinese or Japanese character is a word of its own."""
    return _WORD.findall(text)
