"""The confidence of an answer, from its own token logprobs. Pure: evaluation and serving share it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from teachers.base import TokenLogprob


def confidence(tokens: Sequence[TokenLogprob]) -> float | None:
    """Returns the geometric mean of the probabilities of the sampled tokens, 0 to 1; None where there is none.

    It is exp of the mean logprob, so 1 / perplexity, and does not fall with length. Of a label in one token it is the
    label's probability. The end of turn, which has no bytes, is no part of an answer.
    """
    logprobs = [token.logprob for token in tokens if token.bytes]
    if not logprobs:
        return None
    mean = math.fsum(logprobs) / len(logprobs)
    # Some servers round a certain token's logprob to a little above 0.
    return min(1.0, math.exp(mean))
