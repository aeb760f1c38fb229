"""A judge picks one of a prompt's replies, whatever place it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.steps.best import Best
from pipeline.recipe.step import Ask, JudgeModel, ask_nobody
from pipeline.recipe.teachers import TeacherEntry
from pipeline.recipe.verdict import Sample, Side
from prompts.messages import Conversation
from tests.pipeline.curate.make import reason, sample, verdicts_of

CONFIG = Best(judge=TeacherEntry(spec="scripted:judge.jsonl"))


def judge(rule: Callable[[list[str]], str | None]) -> Ask:
    """A judge that answers by what the question lists, in its order."""

    def ask(config: JudgeModel, questions: Sequence[Conversation]) -> Mapping[Conversation, str | None]:
        return {question: rule(listed(question)) for question in questions}

    return ask


def listed(question: Conversation) -> list[str]:
    return re.findall(r"<answer number=\d+>\n(.*?)\n</answer>", question[0].content, re.DOTALL)


def longest(answers: list[str]) -> str:
    return str(answers.index(max(answers, key=len)) + 1)


def replies(*texts: str, split: Side = "train") -> list[Sample]:
    return [sample("mail", text, split, sample_id=str(place)) for place, text in enumerate(texts)]


def reasons(samples: list[Sample], ask: Ask) -> list[str]:
    return [reason(verdict) for verdict in verdicts_of(CONFIG, samples, ask)]


@given(st.lists(st.text("ab", min_size=1, max_size=6), min_size=2, max_size=5, unique_by=len))
def test_the_pick_is_kept_wherever_it_stands(texts: list[str]) -> None:
    found = reasons(replies(*texts), judge(longest))
    assert [text for text, ended in zip(texts, found, strict=True) if ended == "kept"] == [max(texts, key=len)]
    assert found.count("not_chosen") == len(texts) - 1


def test_a_judge_that_favours_a_place_decides_nothing() -> None:
    assert reasons(replies("a", "bb"), judge(lambda answers: "1")) == ["undecided", "undecided"]


@pytest.mark.parametrize("nonsense", [None, "", "the first", "3", "0", "-", "1 or 2", "9" * 5000])
def test_nonsense_is_a_failure_and_never_a_pick(nonsense: str | None) -> None:
    assert reasons(replies("a", "bb"), judge(lambda answers: nonsense)) == ["judge_failed", "judge_failed"]


def test_a_held_out_prompt_keeps_its_first_reply_where_none_is_picked() -> None:
    assert reasons(replies("a", "bb", split="heldout"), judge(lambda answers: "1")) == ["kept", "not_chosen"]


def test_replies_that_say_the_same_need_no_judge() -> None:
    def never(config: JudgeModel, questions: Sequence[Conversation]) -> Mapping[Conversation, str | None]:
        raise AssertionError("asked")

    assert reasons(replies("Yes", "yes", " yes "), never) == ["kept", "not_chosen", "not_chosen"]


def test_without_a_judge_at_hand_nothing_is_picked() -> None:
    assert reasons(replies("a", "bb"), ask_nobody) == ["judge_failed", "judge_failed"]
