"""A journal in use, with requests to several endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pipeline.journal.journal import Journal
from pipeline.journal.samples import SampleRequest
from prompts.digest import digest
from prompts.messages import Message
from teachers.base import ANSWERS, Identity, Outcome, Reply, Request, Sampling
from teachers.errors import InvalidRequest, TeacherError, Transient


def use(path: Path, work: Callable[[Journal], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        with Journal(path) as journal:
            return await work(journal)

    return asyncio.run(main())


def request(text: str, endpoint: int = 0, index: int = 0) -> Request:
    before = (Message("system", "Answer."), Message("user", "an example"), Message("assistant", "yes"))
    return Request(
        Identity("test", f"m{endpoint}"), (*before, Message("user", text)), Sampling(seed=index), None, index
    )


def wanted(text: str, endpoint: int = 0, index: int = 0) -> SampleRequest:
    return SampleRequest(digest(text), request(text, endpoint, index), 2, "gold", None, endpoint)


def ended(outcome: Outcome) -> Reply | TeacherError:
    if outcome in ANSWERS:
        return Reply("text", outcome)
    return (InvalidRequest if outcome == "invalid" else Transient)("no", provider="test")


async def end(journal: Journal, asked: Request, outcome: Outcome | None) -> None:
    if outcome is not None:
        await journal.settle(await journal.intend(asked), asked, ended(outcome))
