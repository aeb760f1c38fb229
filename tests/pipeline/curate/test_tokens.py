"""Token logprobs, read when they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.curate.tokens import TokenFile
from pipeline.journal.columns import REPLIES
from pipeline.run.records import write_parquet
from tests.pipeline.curate.make_rows import logprobs, row


def test_tokens_of_a_file_are_those_of_the_rows(tmp_path: Any) -> None:
    rows = [row(f"p{i}", tokens=logprobs(-0.1 * i, -1.0) if i % 3 else []) for i in range(2500)]
    write_parquet(tmp_path / "replies.parquet", REPLIES, rows)
    file = TokenFile(tmp_path / "replies.parquet")
    assert [bool(len(file.row(index).array())) for index in range(2500)] == [bool(item["tokens"]) for item in rows]
    assert file.row(2000).first()[0]["top"][0]["logprob"] == pytest.approx(-200.0)
    assert file.row(1).logprobs().tolist() == pytest.approx([-0.1])
