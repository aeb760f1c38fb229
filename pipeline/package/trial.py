"""A first run of an export: it answers, and reads every text as the same number of tokens as the student does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prompts.errors import StillhouseError
from prompts.messages import Conversation, Message, to_dicts
from teachers.base import Request, Sampling
from teachers.catalog import open_teacher
from teachers.local.huggingface_files import load_tokenizer

TEXTS = (
    "What is 12345 + 678.90?",
    "It's naïve: they'll\tpay  £5\n\n\nto   Zoë's café 🐈‍⬛ — OK?\r\n",
    "def f(x):\n    return x**2  # 日本語 Ελληνικά עברית हिन्दी 2026-11-24",
)
"""Digits, contractions, runs of blanks, characters of several bytes: where ways of cutting a text differ."""


def try_out(spec: str, student: Path) -> None:
    """Asks the export three questions; StillhouseError where it does not load, answer or read as the student."""
    tokenizer = load_tokenizer(str(student))
    asked: list[Conversation] = [(Message("user", text),) for text in TEXTS]
    ours = [
        len(tokenizer.apply_chat_template(to_dicts(one), add_generation_prompt=True, return_dict=True)["input_ids"])
        for one in asked
    ]
    for text, mine, theirs in zip(TEXTS, ours, asyncio.run(_prompt_tokens(spec, asked)), strict=True):
        if mine != theirs:
            raise StillhouseError(f"it reads {text!r} as {theirs} tokens, the student as {mine}")


async def _prompt_tokens(spec: str, asked: list[Conversation]) -> list[int | None]:
    teacher = open_teacher(spec)
    try:
        how = Sampling(temperature=0, max_tokens=1)
        return [(await teacher.complete(Request(teacher.identity, one, how))).usage.input_tokens for one in asked]
    finally:
        await teacher.close()
