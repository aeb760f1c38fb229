"""Words as curation counts them, the same in every step that counts any."""

from __future__ import annotations

import re

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # kana and Han: no spaces between words, so each is one
_WORD = re.compile(rf"[^\W_{_CJK}]+|[{_CJK}]")


def words(text: str) -> list[str]:
    """Runs of letters and digits; a Chinese or Japanese character is a word of its own."""
    return _WORD.findall(text)
