"""ShareGPT's lines: human and gpt in turn, system first."""

from __future__ import annotations

import pytest

from pipeline.dataset.format import Unfit
from pipeline.dataset.formats.sharegpt import record
from prompts.messages import from_dicts
from tests.pipeline.dataset.make import LONG, assistant, user


def test_turns_are_named_as_its_readers_want() -> None:
    assert record(from_dicts(LONG), from_dicts([assistant("né")])) == {
        "conversations": [
            {"from": "system", "value": "Be brief."},
            {"from": "human", "value": "Hi"},
            {"from": "gpt", "value": "Hello"},
            {"from": "human", "value": 'Say "né"\n🌱'},
            {"from": "gpt", "value": "né"},
        ]
    }
    [first, _] = record(from_dicts([user("Why?")]), from_dicts([assistant("So.")]))["conversations"]
    assert first["from"] == "human"


def test_a_completion_of_several_turns_does_not_fit() -> None:
    with pytest.raises(Unfit):
        record(from_dicts([user("a")]), from_dicts([assistant("b"), assistant("c")]))
