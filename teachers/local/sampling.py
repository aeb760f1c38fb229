"""Choosing tokens: a draw from the distribution that a request states, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from teachers.base import Alternative, Sampling, TokenLogprob


def generator(seed: int | None) -> torch.Generator:
    """Returns a request's own randomness, so that its reply does not depend on who shares its batch."""
    random = torch.Generator()
    if seed is None:
        random.seed()
    else:
        random.manual_seed(seed)
    return random


def choose(logprobs_V: torch.Tensor, how: Sampling, random: torch.Generator) -> int:
    """Returns the sampled token's id: the most likely one at temperature 0 or none, else a draw from the nucleus.

    The draw is made in the vocabulary's order, where float noise moves each probability a little; in order
    of probability it would swap neighbours, and with them their shares of the randomness.
    Raises ValueError where the probabilities are not numbers.
    """
    if bool(logprobs_V.isnan().any()):
        raise ValueError("the model's probabilities are not numbers")
    # None too: a local model's own default would be a distribution that no request states.
    if not how.temperature:
        return int(logprobs_V.argmax())
    shares_V = torch.softmax(logprobs_V / how.temperature, dim=-1)
    if how.top_p is not None:
        shares_V = _nucleus(shares_V, how.top_p)
    return int(torch.multinomial(shares_V, 1, generator=random))


def _nucleus(shares_V: torch.Tensor, top_p: float) -> torch.Tensor:
    values, ids = shares_V.sort(descending=True)
    # A token belongs to the nucleus while those before it do not fill it: the first always does.
    return torch.zeros_like(shares_V).scatter(0, ids, values * (values.cumsum(0) - values < top_p))


def kept_tokens(
    logprobs_CV: torch.Tensor, chosen: Sequence[int], most: int, bytes_of: Callable[[int], bytes]
) -> list[TokenLogprob]:
    """One record a column: the chosen token's own logprob and the `most` likely ones."""
    own = logprobs_CV[torch.arange(len(chosen)), torch.tensor(chosen)].tolist()
    values, ids = logprobs_CV.topk(min(most, logprobs_CV.shape[-1]))
    return [
        TokenLogprob(bytes_of(index), logprob, index, _alternatives(top, top_ids, bytes_of))
        for index, logprob, top, top_ids in zip(chosen, own, values.tolist(), ids.tolist(), strict=True)
    ]


def _alternatives(
    values: Sequence[float], ids: Sequence[int], bytes_of: Callable[[int], bytes]
) -> tuple[Alternative, ...]:
    return tuple(Alternative(bytes_of(index), value, index) for value, index in zip(values, ids, strict=True))
