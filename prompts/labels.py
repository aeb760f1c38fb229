"""Labels in an answer, read in one way by curation, scorers, judges and review.

Two texts are the same label where their bare forms are equal. A label is never searched for in a sentence: `It is spam`
names none. Who reads an answer decides how much of it must be the label. Curation and judges read the whole text, since
it is what the student will learn. A scorer reads the first line, since an untrained base often does not stop after it.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

from prompts.text import normalise

OUTER = string.punctuation + string.whitespace


def bare_label(text: str) -> str:
    """Returns a label without case, Unicode form and outer punctuation: `**Spam**.` is `spam`.

    Empty where nothing but punctuation is left.
    """
    return normalise(text).strip(OUTER)


def first_line(text: str) -> str:
    """Returns the first line that is not blank; empty where all are."""
    return next((line for line in text.splitlines() if line.strip()), "")


class Labels:
    """Some labels, and the reader of answers that should be one of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._by_form: dict[str, str] = {}
        for name in names:
            # The first of two alike: who cannot have that asks `differ`.
            self._by_form.setdefault(bare_label(name), name)

    @property
    def differ(self) -> bool:
        """Says whether each label has a bare form of its own, so that an answer can name it and no other."""
        return len(self._by_form) == len(self.names) and "" not in self._by_form

    def read(self, text: str) -> str | None:
        """Returns the label that the whole text is, as `names` writes it; None where it is none."""
        return self._by_form.get(bare_label(text))

    def read_first_line(self, text: str) -> str | None:
        """Returns the label that the first line which is not blank is; None where it is none."""
        return self.read(first_line(text))
