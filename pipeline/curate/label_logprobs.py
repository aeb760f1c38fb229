"""Label probabilities from a reply's token logprobs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def label_logprobs(tokens: Sequence[Mapping[str, Any]] | None, labels: Sequence[str]) -> list[float] | None:
    """log P(label) for each label, read at the reply's first token; None where that cannot be told.

    `tokens` have the shape of `records.TOKENS`. An alternative counts towards the label it begins, leading
    space and case aside, where it begins just one; so labels must differ within their first token, as
    "spam" and "ham" do. A label that no alternative begins gets the smallest logprob that was returned: it
    is at most that likely. None when no alternative begins any label, or when there are no logprobs.
    """
    if not tokens:
        return None
    candidates = {item["bytes"]: item["logprob"] for item in (tokens[0], *(tokens[0]["top"] or []))}
    masses: list[list[float]] = [[] for _ in labels]
    for token, logprob in candidates.items():
        index = _begins(token, labels)
        if index is not None:
            masses[index].append(logprob)
    if not any(masses):
        return None
    floor = min(candidates.values())
    return [logsumexp(mass) if mass else floor for mass in masses]


def logsumexp(logs: Iterable[float]) -> float:
    """log(sum(exp(x))), stable."""
    values = list(logs)
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))


def _begins(token: bytes, labels: Sequence[str]) -> int | None:
    text = token.decode("utf-8", errors="replace").strip().casefold()
    found = [index for index, label in enumerate(labels) if text and label.casefold().startswith(text)]
    return found[0] if len(found) == 1 else None
