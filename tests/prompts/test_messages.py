"""Messages: a conversation and its plain form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.messages import Message, MessageDict, from_dicts, to_dicts

TURNS = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text())


@given(st.lists(TURNS).map(tuple))
def test_a_conversation_comes_back_from_its_plain_form(conversation: tuple[Message, ...]) -> None:
    assert from_dicts(to_dicts(conversation)) == conversation


@pytest.mark.parametrize("role", ["tool", "User", ""])
def test_another_role_is_refused(role: str) -> None:
    message: MessageDict = {"role": role, "content": "x"}
    with pytest.raises(ValueError, match="unknown role"):
        from_dicts([message])
