"""A journal in use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pipeline.journal.journal import Journal
from tests.pipeline.helpers import reply, request, wanted


def record(path: Path, texts: list[str]) -> None:
    """Wants every text and answers it, one commit after the other."""

    async def work(journal: Journal) -> None:
        await journal.want((wanted(text),) for text in texts)
        for text in texts:
            attempt = await journal.intend(request(text))
            await journal.settle(attempt, request(text), reply(text))

    use(path, work)


def use(path: Path, work: Callable[[Journal], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        with Journal(path) as journal:
            return await work(journal)

    return asyncio.run(main())


def owed(journal: Journal) -> set[str]:
    """The wanted samples that have no reply."""
    return {item.sample_id for chain in journal.owed(0) for item in chain}
