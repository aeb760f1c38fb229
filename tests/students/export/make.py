"""The logprobs by which an export is compared with its student."""

from __future__ import annotations

from teachers.base import Reply, Teacher
from tests.teachers.contract import ask, with_teacher


def first_logprobs(spec: str) -> list[float]:
    async def use(teacher: Teacher) -> list[Reply]:
        return [await ask(teacher, text, top_logprobs=1000, max_tokens=1) for text in ("Hi", "What is 12 + 30?")]

    return [reply.tokens[0].logprob for reply in with_teacher(spec, use) if reply.tokens]
