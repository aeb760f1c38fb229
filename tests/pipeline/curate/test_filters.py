"""What a reply's form must not be: refused, copied, looping, in another language, in an open fence."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.curate import rule_of
from pipeline.curate.repetition import loops
from pipeline.curate.step import Drop, Keep
from pipeline.recipe.curate import Copies, Format, Pii, Refusal, Repetition, Step
from prompts.errors import InputError
from prompts.fences import is_balanced
from prompts.messages import Message
from prompts.words import words
from tests.pipeline.curate.test_steps import reason, sample

MAILS = Path(__file__).parents[3] / "data" / "spam_assassin.jsonl"

STEPS: list[Step] = [
    Format(languages=["en"], closed_fences=True, min_words=1, max_words=50),
    Refusal(),
    Copies(),
    Repetition(),
]
BAD_INPUT = ["", "x", "x" * 10**6, "so it goes " * 10**5, "😀" * 50, "שלום עולם", "مرحبا بالعالم", "\ud800"]

REFUSALS = [
    "I'm sorry, but I can't assist with that.",
    "I’m sorry, but I can’t help with that request.",
    "**I'm sorry**, but I cannot fulfill this request.",
    "Sorry, I cannot answer that question.",
    "As an AI language model, I cannot provide medical advice.",
    "I apologize, but I cannot generate explicit content.",
    "Unfortunately, I am not able to assist with creating malware.",
    "I understand you are frustrated. However, I can't help with this.",
    "I won't be able to help with that.",
    "I can't provide instructions for making weapons.",
    "I don't feel comfortable discussing this topic.",
    "I cannot engage in discussions of that nature.",
    "That is a great question! As an AI language model, I don't have personal opinions.",
    "I'm an AI assistant, so I don't eat food, but pizza is popular.",
    "As of my last knowledge update in September 2021, the president was Biden.",
    "I can’t write that essay for you.",
    "Sorry, I can't reproduce the lyrics of that song.",
    # Written after the patterns, and not read again before they were final:
    "Sorry, but that's not something I can help with.",
    "I am unable to comply with this request because it may cause harm.",
    "I'm really sorry, but I'm not able to provide that information.",
    "Apologies, but I cannot discuss that topic.",
    "As an AI developed by OpenAI, I do not hold political views.",
    "I must decline this request.",
    "I'm just an AI, but here is what I think.",
    "We are unable to process your request.",
]
ANSWERS = [
    "spam",
    "I can't wait to see you next week!",
    "I'm sorry to hear that your order was late. We will send a new one today.",
    "I'm sorry, but I can't make it to the party on Friday.",
    "Dear Anna,\n\nI'm sorry, but I can't assist with the move on Sunday.",
    "I can't help but notice how blue the sky is.",
    '"As an AI language model, I cannot answer" is what the chatbot told me, so I write to you.',
    "The bot said: \"I'm sorry, but I can't assist with that.\" What shall I do?",
    "> As an AI language model, I can't do that.\n\nThis is what I got. Can you fix it?",
    "ham. The mail quotes an AI: I'm sorry, but I can't help with that.",
    "I cannot recommend this book enough.",
    "We can't provide the report before Monday, but here is a draft.",
    "As an AI researcher, I study how language models refuse.",
    "The phrase 'I cannot fulfill this request' appears in many spam mails.",
    "Our assistant is an AI language model that cannot give legal advice.",
    "We couldn't process your payment. Please update your card.",
    # Written after the patterns, and not read again before they were final:
    "I won't answer for him, but I think he agrees.",
    "Unfortunately, I can't give you a lift tomorrow.",
    "As an airline, we cannot refund this ticket.",
    "I don't have access to the building after six.",
    "I'm afraid of spiders.",
    "Sorry, I can't share my notes with you before the exam.",
    "My training starts on Monday.",
    "I am an artist and I do not feel comfortable on stage.",
]


def dropped(step: Step, completions: list[str]) -> list[bool]:
    return [isinstance(verdict, Drop) for verdict in rule_of(step)([sample(completion=text) for text in completions])]


def test_refusals_are_found_and_answers_that_quote_them_stay() -> None:
    found, wrong = sum(dropped(Refusal(), REFUSALS)), sum(dropped(Refusal(), ANSWERS))
    assert found / len(REFUSALS) >= 0.8
    assert found / (found + wrong) >= 0.95


def test_no_mail_is_a_refusal_a_loop_or_in_another_language() -> None:
    mails = [json.loads(line)["body"] for line in MAILS.read_text(encoding="utf-8").splitlines()]
    assert sum(dropped(Refusal(), mails)) == 0
    assert sum(dropped(Repetition(), mails)) <= len(mails) * 0.01
    assert sum(dropped(Format(languages=["en"]), mails)) <= len(mails) * 0.02


@pytest.mark.parametrize(
    ("config", "text", "expected"),
    [
        (Format(min_words=3), "one, two", "too_few_words"),
        (Format(max_words=3), "one two three four", "too_many_words"),
        (Format(max_words=3), "天气很好", "too_many_words"),
        (Format(languages=["en"]), "Das ist ein kurzer Satz auf Deutsch.", "language"),
        (Format(languages=["en", "de"]), "Das ist ein kurzer Satz auf Deutsch.", "kept"),
        (Format(languages=["ar"]), "مرحبا كيف حالك اليوم", "kept"),
        (Format(languages=["en"]), "שלום לכולם מה שלומכם", "language"),
        (Format(languages=["en"]), "spam", "kept"),
        (Format(languages=["en"], language_certainty=1), "Das ist ein kurzer Satz auf Deutsch.", "kept"),
        (Format(closed_fences=True), "```python\nprint()", "open_fence"),
        (Format(closed_fences=True), "```python\nprint()\n```", "kept"),
    ],
)
def test_format(config: Format, text: str, expected: str) -> None:
    [verdict] = rule_of(config)([sample(completion=text)])
    assert reason(verdict) == expected


def test_an_unknown_language_names_its_field() -> None:
    with pytest.raises(InputError, match=r"curate\.steps\.format\.languages.*no such language: english"):
        rule_of(Format(languages=["english"]))


@pytest.mark.parametrize(
    ("text", "balanced"),
    [
        ("no fence, `code` and ```inline```", True),
        ("```inline``` at a line's start", True),
        ("~~~\n```\n~~~", True),
        ("````md\n```py\n```\n````", True),
        ("```\nx\n``` not the end", False),
        ("1. a\n    ```\n    x\n    ```", True),
        ("```a\n```\n```b", False),
    ],
)
def test_fences(text: str, balanced: bool) -> None:
    assert is_balanced(text) == balanced


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was good. " + "I liked it a lot. " * 5, "loop"),
        ("no, no, no, no", "kept"),
        ("very " * 12, "loop"),
        ("a" * 100, "loop"),
        ("😀" * 20, "loop"),
        ("很好" * 8, "loop"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", "kept"),
    ],
)
def test_repetition(text: str, expected: str) -> None:
    assert reason(rule_of(Repetition())([sample(completion=text)])[0]) == expected


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(2, 12), st.integers(2, 5))
def test_loops_are_those_that_a_plain_search_finds(text: list[str], min_words: int, times: int) -> None:
    best = 0.0
    for period in range(1, len(text) // times + 1):
        for start in range(len(text) - period):
            end = start + period
            while end < len(text) and text[end] == text[end - period]:
                end += 1
            if end - start >= max(min_words, times * period):
                best = max(best, (end - start) / period)
    assert loops(text, min_words, times) == best


@given(st.text(max_size=200), st.integers(2, 6), st.integers(2, 20))
def test_looser_thresholds_drop_no_more(text: str, times: int, min_words: int) -> None:
    replies = [text, text * 4]
    tight = dropped(Repetition(times=times, min_words=min_words), replies)
    for loose in (Repetition(times=times + 1, min_words=min_words), Repetition(times=times, min_words=min_words + 1)):
        assert all(before or not after for before, after in zip(tight, dropped(loose, replies), strict=True))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.step)
def test_bad_input_has_a_verdict_each_and_those_kept_are_kept_again(step: Step) -> None:
    started = time.process_time()
    rule = rule_of(step)
    samples = [sample(f"{place}", completion=text) for place, text in enumerate(BAD_INPUT)]
    verdicts = rule(samples)
    assert len(verdicts) == len(samples)
    assert list(rule(samples[::-1]))[::-1] == list(verdicts)
    kept = [verdict.sample for verdict in verdicts if isinstance(verdict, Keep)]
    assert all(isinstance(verdict, Keep) for verdict in rule(kept))
    assert time.process_time() - started < 20


def test_words_are_runs_of_letters_and_single_han() -> None:
    assert words("It's 3 o'clock, 天气 שלום") == ["It", "s", "3", "o", "clock", "天", "气", "שלום"]
