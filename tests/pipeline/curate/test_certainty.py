"""Confidence from token logprobs: the measures, beside a plain reading of the same tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.certainty import how_sure
from pipeline.curate.tokens import NO_TOKENS, TokenFile, Tokens
from pipeline.journal.columns import REPLIES
from pipeline.run.records import write_parquet
from tests.pipeline.curate.make import LOGPROBS, token_among
from tests.pipeline.curate.make_rows import row

By = Literal["mean", "min", "margin"]


def plain(tokens: list[dict[str, Any]], by: By) -> float | None:
    """The same measure, token by token."""
    own = [item["logprob"] for item in tokens]
    if by != "margin":
        found = own
    else:
        others = [[x["logprob"] for x in item["top"] or [] if x["bytes"] != item["bytes"]] for item in tokens]
        found = [logprob - max(rest) for logprob, rest in zip(own, others, strict=True) if rest]
    return None if not found else sum(found) / len(found) if by == "mean" else min(found)


TOP = st.lists(
    st.fixed_dictionaries(
        {"bytes": st.sampled_from([b"a", b"b", b"\xf0\x9f", b""]), "id": st.none(), "logprob": LOGPROBS}
    ),
    max_size=4,
)


TOKENS = st.lists(
    st.fixed_dictionaries(
        {
            "bytes": st.sampled_from([b"a", b"b", b"\xf0\x9f"]),
            "id": st.none(),
            "logprob": LOGPROBS,
            "top": st.none() | TOP,
        }
    ),
    max_size=6,
)


@given(replies=st.lists(TOKENS, min_size=1, max_size=4), by=st.sampled_from(["mean", "min", "margin"]))
def test_a_measure_is_that_of_a_plain_reading(replies: list[list[dict[str, Any]]], by: By) -> None:
    found = how_sure([Tokens.of(tokens).array() for tokens in replies], by)
    assert len(found) == len(replies)
    for one, tokens in zip(found, replies, strict=True):
        expected = plain(tokens, by)
        assert one == (None if expected is None else pytest.approx(expected, abs=1e-5))


def test_tokens_of_a_file_measure_as_those_in_memory(tmp_path: Path) -> None:
    """In a file a reply's tokens are a slice of the column: an offset that is forgotten reads a neighbour's."""
    replies = [[token_among(b"a", -0.1 * i - 0.5, b=-1.0), token_among(b"b", -0.2, a=-3.0)][: i % 3] for i in range(40)]
    rows = [row(f"p{i}", tokens=tokens) for i, tokens in enumerate(replies)]
    write_parquet(tmp_path / "replies.parquet", REPLIES, rows)
    file = TokenFile(tmp_path / "replies.parquet")
    for by in ("mean", "min", "margin"):
        # the last is in memory, as where a step has taken a row's tokens away
        found = how_sure([*(file.row(index).array() for index in range(40)), NO_TOKENS.array()], by)
        expected = [plain(tokens, by) for tokens in [*replies, []]]
        assert found == [None if one is None else pytest.approx(one) for one in expected]


def test_the_margin_is_that_of_the_narrowest_decision() -> None:
    certain, close = token_among(b"The", -0.01), token_among(b" no", -0.8, yes=-0.7)
    replies = [Tokens.of([certain, token_among(b"x", -0.1, y=-3.0), close]).array(), Tokens.of([certain]).array()]
    assert how_sure(replies, "margin") == [pytest.approx(-0.1), None]
