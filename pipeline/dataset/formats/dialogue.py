"""What several formats ask of a conversation: system text first, then user and assistant in turn."""

from __future__ import annotations

from dataclasses import dataclass

from prompts.messages import Conversation, Message


class Unfit(Exception):
    """A row that a format cannot carry; `str(error)` is the reason it is counted under."""


@dataclass(slots=True, frozen=True)
class Dialogue:
    """A prompt in parts."""

    system: str
    """Empty where there is none."""
    turns: Conversation
    """User, assistant, ..., user."""


def dialogue(prompt: Conversation) -> Dialogue:
    """The prompt's system text and turns; Unfit where they stand in another order."""
    first = next((at for at, message in enumerate(prompt) if message.role != "system"), len(prompt))
    turns = prompt[first:]
    expected = ["user", "assistant"] * (len(turns) // 2) + ["user"]
    if [turn.role for turn in turns] != expected:
        raise Unfit("turns_do_not_alternate")
    return Dialogue("\n\n".join(message.content for message in prompt[:first]), turns)


def answer(completion: Conversation) -> Message:
    """The assistant turn that is learned."""
    if len(completion) != 1 or completion[0].role != "assistant":
        raise Unfit("completion_is_no_single_answer")
    return completion[0]
