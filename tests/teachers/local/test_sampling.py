"""Choosing a token from a distribution."""

from __future__ import annotations

import math

import pytest
import torch

from teachers.base import Sampling
from teachers.local.sampling import choose, generator, kept_tokens

SHARES = (0.5, 0.25, 0.15, 0.1)
LOGPROBS = torch.tensor(SHARES).log()
DRAWS = 4000


def drawn(how: Sampling, logprobs_V: torch.Tensor = LOGPROBS) -> list[float]:
    random = generator(7)
    chosen = [choose(logprobs_V, how, random) for _ in range(DRAWS)]
    return [chosen.count(index) / DRAWS for index in range(len(logprobs_V))]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Sampling(temperature=1.0), SHARES),
        (Sampling(temperature=0.5), tuple(share**2 / sum(s**2 for s in SHARES) for share in SHARES)),
        (Sampling(temperature=1.0, top_p=0.7), (2 / 3, 1 / 3, 0, 0)),
        (Sampling(temperature=1.0, top_p=0.8), (5 / 9, 2.5 / 9, 1.5 / 9, 0)),
        (Sampling(temperature=0), (1, 0, 0, 0)),
        (Sampling(), (1, 0, 0, 0)),
    ],
)
def test_draws_follow_the_stated_distribution(how: Sampling, expected: tuple[float, ...]) -> None:
    # Four standard deviations of a share of 4,000 draws are 0.032 at most.
    assert drawn(how) == pytest.approx(expected, abs=0.032)


def test_float_noise_does_not_change_a_draw() -> None:
    # Many nearly equal tokens, as in the tail of a real distribution: noise reorders them by the hundred.
    torch.manual_seed(0)
    logprobs_V = torch.log_softmax(torch.randn(5000) * 1e-5, dim=-1)
    noisy_V = logprobs_V + torch.randn(5000) * 1e-6
    how = Sampling(temperature=1.0, top_p=0.999)
    pairs = [(choose(logprobs_V, how, generator(s)), choose(noisy_V, how, generator(s))) for s in range(50)]
    assert sum(one != other for one, other in pairs) <= 2


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not numbers"):
        choose(torch.tensor([0.0, math.nan]), Sampling(temperature=0), generator(0))


def test_a_kept_token_has_its_own_logprob_and_the_most_likely_ones() -> None:
    logprobs_CV = torch.stack([LOGPROBS, LOGPROBS.flip(0)])
    first, second = kept_tokens(logprobs_CV, [3, 3], 2, lambda index: b"abcd"[index : index + 1])
    assert (first.bytes, first.id) == (b"d", 3)
    assert first.logprob == pytest.approx(math.log(0.1))
    assert [(other.bytes, other.id) for other in first.top] == [(b"a", 0), (b"b", 1)]
    assert [(other.bytes, other.id) for other in second.top] == [(b"d", 3), (b"c", 2)]
    assert second.top[0].logprob == pytest.approx(math.log(0.5))
    assert kept_tokens(logprobs_CV[:1], [1], 0, lambda index: b"")[0].top == ()
