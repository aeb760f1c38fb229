"""Whether a short evaluation text is really repeated, or only a phrase of it: n-grams alone cannot tell.

Ten words have seven 4-grams, of which an edit in the middle leaves three; and so many has "the president of the United
States". A repetition has the other words too, in order. A text of fewer words, "on the Las Vegas Strip", may stand in
any sentence: as an evaluation row it stands alone, between marks or line ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.curate.ngrams import N

WORDS_SHARE = 0.8
"""Of a short text's words so many must be repeated in order: a tenth edited leaves nine in ten."""

_MARK = r"[^\w\s,'\u2019-]"


def has_words(document: Sequence[bytes], text: Sequence[bytes], own: Sequence[bytes]) -> bool:
    """Says whether the document has WORDS_SHARE of the text's `own` words in order, close to an n-gram of the text."""
    grams = {tuple(text[at : at + N]) for at in range(len(text) - N + 1)}
    seen: set[tuple[bytes, ...]] = set()
    next_at = 0
    for at in range(len(document) - N + 1):
        if at < next_at or tuple(document[at : at + N]) not in grams:
            continue
        next_at = at + len(text) // 2
        window = tuple(document[max(0, at - len(text)) : at + N + len(text)])
        if window not in seen and _in_order(window, own) >= WORDS_SHARE * len(own) - 1e-9:
            return True
        seen.add(window)
    return False


def _in_order(window: Sequence[bytes], words: Sequence[bytes]) -> int:
    """Counts the words of the longest common subsequence."""
    best = [0] * (len(window) + 1)
    for word in words:
        diagonal = 0
        for at, other in enumerate(window, start=1):
            above = best[at]
            best[at] = diagonal + 1 if word == other else max(above, best[at - 1])
            diagonal = above
    return best[-1]


def stands_alone(texts: Sequence[str], words: bytes) -> bool:
    """Says whether one of the texts, in `folded`'s letters, has the words between marks or line ends."""
    in_order = r"[\W_]*".join(re.escape(word) for word in words.decode("utf-8", "surrogatepass").split())
    pattern = re.compile(rf"(?:\A|\n|{_MARK})[\W_]*{in_order}[^\w\n]*?(?:\Z|\n|{_MARK})")
    return any(pattern.search(text) for text in texts)
