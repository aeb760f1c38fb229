"""Samples in chains: what of a chain is owed follows from how its requests ended."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from pipeline.journal.samples import SETTLING, FallbackChain, owed_of
from teachers.base import Outcome
from tests.pipeline.journal.make_laws import wanted

CHAINS = st.integers(1, 4).map(lambda length: tuple(wanted("p", endpoint) for endpoint in range(length)))


@given(chain=CHAINS, data=st.data())
def test_a_settled_chain_owes_nothing_and_another_what_has_no_reply(chain: FallbackChain, data: st.DataObject) -> None:
    ends = st.none() | st.sampled_from(get_args(Outcome))
    ended = {item.request.key: data.draw(ends) for item in chain}
    outcomes = {key: outcome for key, outcome in ended.items() if outcome is not None}
    owed = owed_of(chain, outcomes)
    if SETTLING & set(outcomes.values()):
        assert owed == ()
    else:
        assert owed == tuple(item for item in chain if ended[item.request.key] is None)


def test_a_samples_id_is_its_prompts_and_its_requests() -> None:
    ids = {wanted(text, endpoint, index).sample_id for text in "ab" for endpoint in (0, 1) for index in (0, 1)}
    assert len(ids) == 8
    assert wanted("a").sample_id == wanted("a").sample_id
