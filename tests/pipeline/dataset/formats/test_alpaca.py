"""Alpaca's lines: the last turn is the instruction, the earlier ones its history."""

from __future__ import annotations

import pytest

from pipeline.dataset.format import Unfit
from pipeline.dataset.formats.alpaca import record
from prompts.messages import from_dicts
from tests.pipeline.dataset.make import LONG, assistant, user


def test_earlier_turns_come_in_pairs() -> None:
    assert record(from_dicts(LONG), from_dicts([assistant("né")])) == {
        "instruction": 'Say "né"\n🌱',
        "input": "",
        "output": "né",
        "system": "Be brief.",
        "history": [["Hi", "Hello"]],
    }
    assert record(from_dicts([user("Why?")]), from_dicts([assistant("So.")]))["history"] == []


def test_turns_that_are_no_pairs_do_not_fit() -> None:
    with pytest.raises(Unfit):
        record(from_dicts([user("a"), user("b")]), from_dicts([assistant("c")]))
