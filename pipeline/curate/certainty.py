"""How sure a teacher was of its replies, by the logprobs of their tokens: many replies at a time, in arrays.

Suffixes: N replies, T tokens of all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.recipe.verdict import Sample

TOGETHER = 128
"""Replies measured at once: of a thousand tokens with twenty alternatives each they take some 100 MB."""


def measure_all(samples: Sequence[Sample], by: str) -> Iterator[float | None]:
    """Measures all samples as `how_sure` does, TOGETHER at a time: one by one, Arrow's overhead is most of the work."""
    for start in range(0, len(samples), TOGETHER):
        part = samples[start : start + TOGETHER]
        yield from how_sure([sample.tokens.array() for sample in part], by)


def how_sure(replies: Sequence[pa.StructArray], by: str) -> list[float | None]:
    """Measures how sure a teacher was of each reply with these tokens, in nats; None where they do not tell.

    `mean` and `min` are of the sampled tokens' logprobs. `margin` looks at the decisions, the tokens that have another
    alternative: it is the smallest distance to the best of these, below 0 where another one was likelier.
    """
    # All replies' tokens as one array; `rows_T` says whose each is, and numpy's `at` adds up by reply.
    tokens = pa.concat_arrays(replies)
    lengths_N = np.array([len(reply) for reply in replies])
    rows_T = np.repeat(np.arange(len(replies)), lengths_N)
    nats_T = tokens.field("logprob").to_numpy(zero_copy_only=False).astype(np.float64)
    if by == "mean":
        sure_N = np.where(lengths_N, 0.0, np.inf)
        np.add.at(sure_N, rows_T, nats_T / lengths_N[rows_T])
    else:
        if by == "margin":
            nats_T = nats_T - _best_others(tokens)
        sure_N = np.full(len(replies), np.inf)
        np.minimum.at(sure_N, rows_T, nats_T)
    # Infinity is what no token has lowered: an empty reply, or no decision in it.
    return [sure if sure < np.inf else None for sure in sure_N.tolist()]


def _best_others(tokens: pa.StructArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Finds each token's likeliest alternative that is not the token itself: its logprob, -inf where there is none."""
    top = tokens.field("top")
    lengths_T = pc.fill_null(pc.list_value_length(top), 0).to_numpy()
    owners = np.repeat(np.arange(len(tokens)), lengths_T)
    others = top.flatten()
    # By their bytes: servers list the sampled token among its alternatives, some of them at another place.
    own = tokens.field("bytes").take(pa.array(owners))
    differs = pc.not_equal(others.field("bytes"), own).to_numpy(zero_copy_only=False)
    best_T = np.full(len(tokens), -np.inf)
    logprobs = others.field("logprob").to_numpy(zero_copy_only=False)
    np.maximum.at(best_T, owners[differs], logprobs[differs].astype(np.float64))
    return best_T
