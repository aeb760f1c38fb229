"""Label probabilities from a reply's token logprobs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def label_logprobs(tokens: Sequence[Mapping[str, Any]] | None, labels: Sequence[str]) -> list[float] | None:
    """Returns log P(label) for each label, read at the reply's first token; None where that cannot be told.

    `tokens` have the shape of `records.TOKENS`. An alternative counts towards the label it begins, leading
    space and case aside, where it begins just one; so labels must differ within their first token, as
    "spam" and "ham" do. A label that no alternative begins gets the smallest logprob that was returned: it
    is at most that likely. None when no alternative begins any label, or when there are no logprobs.
    """
    if not tokens:
        return None
    logprob_of = {tokens[0]["bytes"]: tokens[0]["logprob"]}
    for alternative in tokens[0]["top"] or ():
        logprob_of[alternative["bytes"]] = alternative["logprob"]
    begun: dict[int, list[float]] = {}
    for token, logprob in logprob_of.items():
        place = _begins(token, labels)
        if place is not None:
            begun.setdefault(place, []).append(logprob)
    if not begun:
        return None
    floor = min(logprob_of.values())
    return [logsumexp(begun[place]) if place in begun else floor for place in range(len(labels))]


def logsumexp(logs: Iterable[float]) -> float:
    """Returns log(sum(exp(x))), stable: the largest is taken out, so that no exponential is too large."""
    values = list(logs)
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))


def _begins(token: bytes, labels: Sequence[str]) -> int | None:
    """Returns the place of the one label that the token begins; None where it begins none, or several."""
    text = token.decode("utf-8", errors="replace").strip().casefold()
    if not text:
        return None  # white space begins every label
    places = [place for place, label in enumerate(labels) if label.casefold().startswith(text)]
    return places[0] if len(places) == 1 else None
