"""The shape that several formats ask of a conversation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dataset.dialogue import Dialogue, answer, dialogue
from pipeline.dataset.format import Unfit
from prompts.messages import Message

SYSTEM, USER, ASSISTANT = (Message(role, role) for role in ("system", "user", "assistant"))


@given(systems=st.integers(0, 3), pairs=st.integers(0, 3))
def test_system_text_goes_first_and_the_turns_stay(systems: int, pairs: int) -> None:
    turns = (USER, ASSISTANT) * pairs + (USER,)
    assert dialogue((SYSTEM,) * systems + turns) == Dialogue("\n\n".join(["system"] * systems), turns)


@pytest.mark.parametrize(
    "turns", [(), (SYSTEM,), (ASSISTANT,), (USER, USER), (USER, ASSISTANT), (USER, SYSTEM, USER), (ASSISTANT, USER)]
)
def test_turns_in_another_order_do_not_fit(turns: tuple[Message, ...]) -> None:
    with pytest.raises(Unfit, match="turns_do_not_alternate"):
        dialogue(turns)


def test_one_assistant_turn_is_learned() -> None:
    assert answer((ASSISTANT,)) is ASSISTANT
    for other in ((), (USER,), (ASSISTANT, USER), (ASSISTANT, ASSISTANT)):
        with pytest.raises(Unfit, match="completion_is_no_single_answer"):
            answer(other)
