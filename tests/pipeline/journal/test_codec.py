"""Replies as bytes: what went in comes out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.journal.codec import decode_reply, encode_reply
from pipeline.journal.vocabulary import Vocabulary
from teachers.base import ANSWERS, Alternative, Reply, TokenLogprob, Usage

LOGPROBS = st.floats(-60, 0, width=32)
IDS = st.none() | st.integers(0, 2**31 - 1)
COUNTS = st.none() | st.integers(0, 10**9)
ALTERNATIVES = st.builds(Alternative, st.binary(max_size=6), LOGPROBS, IDS)
FREE = st.builds(TokenLogprob, st.binary(max_size=6), LOGPROBS, IDS, st.lists(ALTERNATIVES, max_size=4).map(tuple))
AMONG = st.lists(ALTERNATIVES, min_size=1, max_size=4).flatmap(
    lambda top: st.sampled_from(top).map(lambda own: TokenLogprob(own.bytes, own.logprob, own.id, tuple(top)))
)
REPLIES = st.builds(
    Reply,
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(sorted(ANSWERS)),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
    st.lists(FREE | AMONG, max_size=5).map(tuple),
    st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    st.none() | st.floats(0, 1e4),
    st.none() | st.text("abc-", max_size=8),
    st.none() | st.floats(0, 10),
    st.lists(st.text("abc", max_size=8), max_size=2).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(replies=st.lists(REPLIES, min_size=1, max_size=4))
def test_a_reply_comes_back_as_it_was(replies: list[Reply]) -> None:
    vocabulary = Vocabulary([])
    bodies = [encode_reply(reply, vocabulary) for reply in replies]
    words = {number: (data, token) for number, data, token in vocabulary.take_fresh()}
    for reply, body in zip(replies, bodies, strict=True):
        head, tokens = decode_reply(body)
        assert (head["text"], head["outcome"], head["finish_reason"]) == (
            reply.text,
            reply.outcome,
            reply.finish_reason,
        )
        assert Usage(**head["usage"]) == reply.usage
        assert (head["cost_usd"], head["latency_s"]) == (reply.cost_usd, reply.latency_s)
        assert (head["request_id"], tuple(head["warnings"])) == (reply.request_id, reply.warnings)
        assert head["tokens"] == len(reply.tokens)
        if tokens is None:
            assert not reply.tokens
            continue
        top = [item for token in reply.tokens for item in token.top]
        assert list(tokens.widths) == [len(token.top) for token in reply.tokens]
        for refs, logprobs, items in (
            (tokens.refs, tokens.logprobs, top),
            (tokens.own_refs, tokens.own_logprobs, reply.tokens),
        ):
            assert [words[ref] for ref in refs] == [(item.bytes, item.id) for item in items]
            assert list(logprobs) == [np.float32(item.logprob) for item in items]
