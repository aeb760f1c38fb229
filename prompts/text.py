"""The one normal form in which texts are compared."""

from __future__ import annotations

import string
import unicodedata

OUTER = string.punctuation + string.whitespace


def normalise(text: str) -> str:
    """NFKC, case folded, white space collapsed: what a reader would call the same text."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bare_label(text: str) -> str:
    """A label without case and outer punctuation: `**Spam**.` is `spam`."""
    return normalise(text).strip(OUTER)
