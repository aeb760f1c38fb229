"""Text as overlap is counted: words of UTF-8 with blanks between them; case, punctuation and spacing aside."""

from __future__ import annotations

import re
import string
import unicodedata

from prompts.text import normalise

_CONTROLS = bytes(range(33))
_BLANKS = _CONTROLS + string.punctuation.encode() + b"\x7f"
_FOLD = bytes.maketrans(
    string.ascii_uppercase.encode() + _BLANKS, string.ascii_lowercase.encode() + b" " * len(_BLANKS)
)
_MARKS = re.compile(r"[^\x00-\x7f\w]+")
# Scripts written without spaces, where each character counts as a word: Thai to Lao, Khmer, kana, ideographs.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")


def folded(text: str) -> bytes:
    """Returns the words of a text, in order. A text of marks alone (emoji, dashes) is one word; a blank one is none.

    Holds no byte below the blank, so others can mark edges with them. Bytes are folded many times as fast as a pattern
    finds words in a string, and most text is ASCII.
    """
    if text.isascii():
        words = text.encode().translate(_FOLD)
    else:
        letters = _MARKS.sub(" ", unicodedata.normalize("NFKC", text).casefold())
        words = _UNSPACED.sub(r" \g<0> ", letters).encode("utf-8", "surrogatepass").translate(_FOLD)
    if words.isspace():
        return _marks(text)
    return words


def _marks(text: str) -> bytes:
    # Without control characters, which are no marks: two of them are others' edges.
    return normalise(text).encode("utf-8", "surrogatepass").translate(None, delete=_CONTROLS)
