"""Copies: what of the prompt, or of an example, counts as copied."""

from __future__ import annotations

import pytest

from pipeline.curate.steps.copies import Copies
from pipeline.curate.steps.pii import Pii
from pipeline.recipe.verdict import Keep
from prompts.messages import Message
from tests.pipeline.curate.make import reason, rule_of, sample

PROMPT = "The quick brown fox jumps over the lazy dog while seven wizards watch from the old tower"


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (PROMPT.upper() + "!", "copies_prompt"),
        ("seven  wizards watch from the OLD tower while", "kept"),  # half of its runs are its own
        ("brown fox jumps over the lazy dog while seven", "copies_prompt"),
        ("An example's long answer, which the student is never going to see", "copies_example"),
        ("fox jumps over", "kept"),
        ("Something else entirely, though it speaks of the quick brown fox as well", "kept"),
    ],
)
def test_copies(completion: str, expected: str) -> None:
    student_messages = (Message("user", PROMPT),)
    example = Message("assistant", "An example's long answer, which the student is never going to see.")
    [verdict] = rule_of(Copies())(
        [
            sample(
                student_messages=student_messages, teacher_messages=(example, *student_messages), completion=completion
            )
        ]
    )
    assert reason(verdict) == expected


def test_a_copy_of_a_prompt_that_was_masked_since_copies_no_example() -> None:
    asked = (Message("user", f"{PROMPT}, says bob@example.org"),)
    [masked] = rule_of(Pii())([sample(student_messages=asked, teacher_messages=asked, completion=asked[0].content)])
    assert isinstance(masked, Keep)
    [verdict] = rule_of(Copies())([masked.sample])
    assert reason(verdict) == "copies_prompt"
