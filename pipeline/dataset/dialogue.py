"""The shape that several formats ask of a conversation: system text first, then user and assistant in turn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from pipeline.dataset.format import Unfit
from prompts.messages import Conversation, Message


@dataclass(slots=True, frozen=True)
class Dialogue:
    """A prompt in parts."""

    system: str
    """Empty where there is none."""
    turns: Conversation
    """User, assistant, ..., user."""


def dialogue(prompt: Conversation) -> Dialogue:
    """Splits a prompt into its system text and its turns; Unfit where they stand in another order."""
    # Several system turns are joined: the formats have one place for them.
    system = list(takewhile(_is_system, prompt))
    turns = prompt[len(system) :]
    expected = ["user", "assistant"] * (len(turns) // 2) + ["user"]
    if [turn.role for turn in turns] != expected:
        raise Unfit("turns_do_not_alternate")
    return Dialogue("\n\n".join(message.content for message in system), turns)


def answer(completion: Conversation) -> Message:
    """Returns the assistant turn that is learned; Unfit where there is more."""
    # A completion with calls and their results is a conversation of its own, which these formats cannot hold.
    if len(completion) != 1 or completion[0].role != "assistant":
        raise Unfit("completion_is_no_single_answer")
    return completion[0]


def _is_system(message: Message) -> bool:
    return message.role == "system"
