"""The one normal form in which texts are compared."""

from __future__ import annotations

import unicodedata


def normalise(text: str) -> str:
    """Returns what a reader would call the same text in one form: NFKC, case folded, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
