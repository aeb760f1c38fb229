"""A prompt: one rendered conversation that ends in a user turn."""

from __future__ import annotations

from dataclasses import dataclass

from prompts.messages import Conversation


@dataclass(slots=True, frozen=True)
class Prompt:
    """A question, and beside it what is known about its answer.

    `teacher_messages` is what a teacher sees, few-shot examples included; `student_messages` is the same question
    without the examples, which is what a student learns to answer. `gold` and `group` are never shown to either.
    """

    id: str
    teacher_messages: Conversation
    student_messages: Conversation
    gold: str | None = None
    group: str | None = None
    route: str | None = None
    """The value that chooses its teacher, where the recipe routes by a column."""
