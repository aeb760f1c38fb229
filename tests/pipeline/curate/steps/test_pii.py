"""Personal identifiers and keys: what is found, what is not, and what stands in its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.steps.pii import Pii
from pipeline.recipe.verdict import Drop, Keep
from prompts.messages import Message
from tests.pipeline.curate.make import rule_of, sample
from tests.pipeline.curate.make_pii import FOUND, KEYS, NOT_FOUND


def test_the_same_value_has_the_same_placeholder_in_prompt_and_completion() -> None:
    one = sample("Write to a@b.org or c@d.org", "Wrote to C@D.org.", soft_labels=(("to a@b.org", 1.0),))
    [verdict] = rule_of(Pii())([one])
    assert isinstance(verdict, Keep)
    assert verdict.sample.student_messages == (Message("user", "Write to <EMAIL> or <EMAIL_2>"),)
    assert verdict.sample.completion == "Wrote to <EMAIL_2>."
    assert verdict.sample.soft_labels == (("to <EMAIL>", 1.0),)
    assert verdict.sample.reply == "Wrote to C@D.org."  # what was received is a fact


def test_a_placeholder_that_stood_there_stands_for_nobody_else() -> None:
    [verdict] = rule_of(Pii())([sample("Dear <EMAIL>", "I am a@b.org")])
    assert isinstance(verdict, Keep)
    assert verdict.sample.completion == "I am <EMAIL_2>"


def test_drop_says_what_was_found_and_how_much() -> None:
    [verdict, clean] = rule_of(Pii(action="drop"))([sample("a@b.org", "203.0.113.9"), sample("hello")])
    assert verdict == Drop("email", 2)
    assert isinstance(clean, Keep)


@given(
    st.lists(st.sampled_from([*(text for text, _ in FOUND), *NOT_FOUND, *KEYS, " ", ", ", "<", "7", "-"]), max_size=9)
)
def test_masking_twice_is_masking_once(parts: list[str]) -> None:
    [first] = rule_of(Pii())([sample("".join(parts), " ".join(parts))])
    assert isinstance(first, Keep)
    assert rule_of(Pii())([first.sample]) == [first]


def test_the_rows_order_does_not_matter() -> None:
    rows = [sample(text, sample_id=text) for text, _ in FOUND]
    assert rule_of(Pii())(rows)[::-1] == rule_of(Pii())(rows[::-1])
