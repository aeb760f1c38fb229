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
    questions: list[Conversation] = [(Message("user", text),) for text in TEXTS]
    theirs = asyncio.run(_prompt_tokens(spec, questions))
    for text, question, read_by_export in zip(TEXTS, questions, theirs, strict=True):
        asked = tokenizer.apply_chat_template(to_dicts(question), add_generation_prompt=True, return_dict=True)
        read_by_student = len(asked["input_ids"])
        if read_by_student != read_by_export:
            raise StillhouseError(f"it reads {text!r} as {read_by_export} tokens, the student as {read_by_student}")


async def _prompt_tokens(spec: str, questions: list[Conversation]) -> list[int | None]:
    teacher = open_teacher(spec)
    sampling = Sampling(temperature=0, max_tokens=1)
    tokens = []
    try:
        for question in questions:
            reply = await teacher.complete(Request(teacher.identity, question, sampling))
            tokens.append(reply.usage.input_tokens)
    finally:
        await teacher.close()
    return tokens
