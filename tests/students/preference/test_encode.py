"""Preferences as token ids: what both sides share is prompt, and a reply is learned once."""

from __future__ import annotations

from typing import Any

from prompts.messages import MessageDict
from students.corpus.data import TrainingRow
from students.preference.encode import SingleReply, encode_pairs, encode_replies, single_replies
from students.preference.pairs import Pair

PROMPT: list[MessageDict] = [{"role": "user", "content": "Is it spam?"}]


def said(text: str) -> list[MessageDict]:
    return [{"role": "assistant", "content": text}]


def test_a_pair_is_a_prompt_and_two_replies(tokenizer: Any) -> None:
    [row] = encode_pairs([Pair(PROMPT, said("ham"), said("spam, surely"), "k", "row 1")], tokenizer)
    prompt, chosen, rejected = (
        tokenizer.decode(row.columns[name]) for name in ("prompt_ids", "chosen_ids", "rejected_ids")
    )
    assert "Is it spam?" in prompt
    assert chosen.startswith("ham")
    assert rejected.startswith("spam, surely")
    assert row.length == len(row.columns["prompt_ids"]) + len(row.columns["rejected_ids"])
    assert row.answer == [*row.columns["chosen_ids"], 1]
    assert list(encode_pairs([Pair(PROMPT, None, said("spam"), "k", "n")], tokenizer)) == []


def test_each_reply_is_learned_once_as_good_and_once_as_bad(tokenizer: Any) -> None:
    replies = [
        SingleReply(PROMPT, said(text), good, "k", f"{text} {good}")
        for text in ("ham", "ham", "spam")
        for good in (True, False)
    ]
    rows = list(encode_replies(replies, tokenizer))
    assert [row.name for row in rows] == ["ham True", "ham False", "spam True", "spam False"]
    assert [row.answer[-1] for row in rows] == [1, 0, 1, 0]


def test_kept_rows_come_first_then_the_better_then_the_worse() -> None:
    pairs = [Pair(PROMPT, said("b"), said("w"), "k", "n"), Pair(PROMPT, None, said("x"), "k", "n")]
    singles = list(single_replies(pairs, [TrainingRow(PROMPT, said("kept"), "k")]))
    assert [(single.reply[0]["content"], single.good) for single in singles] == [
        ("kept", True),
        ("b", True),
        ("w", False),
        ("x", False),
    ]
