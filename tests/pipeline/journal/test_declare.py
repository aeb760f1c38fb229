"""Declarations: whole or not at all, each prompt once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from pipeline.journal.samples import FallbackChain, SampleRequest
from prompts.digest import digest
from prompts.errors import InputError
from tests.pipeline.helpers import ROOT, environment
from tests.pipeline.journal.make_laws import end, request, use, wanted


def test_a_declaration_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    def broken() -> Iterator[FallbackChain]:
        yield from ((wanted(f"new {i}"),) for i in range(5000))
        raise InputError("is not JSON")

    async def work(journal: Journal) -> None:
        await journal.want([(wanted("old"),)], "first")
        with pytest.raises(InputError):
            await journal.want(broken(), "second")
        assert journal.has_declared("first")
        assert [chain[0].sample_id for chain in journal.owed(0)] == [wanted("old").sample_id]
        await journal.want([(wanted("newer"),)], "third")
        assert [chain[0].sample_id for chain in journal.owed(0)] == [wanted("newer").sample_id]

    use(path, work)


DECLARE = """
import asyncio, sys, time
from pathlib import Path
from pipeline.journal.journal import Journal
from tests.pipeline.journal.test_laws import wanted
def chains():
    for number in range(10**6):
        if number == 5000: print("under way", flush=True)
        yield (wanted(f"new {number}"),)
with Journal(Path(sys.argv[1])) as journal:
    asyncio.run(journal.want(chains()))
"""


def test_a_kill_in_the_middle_of_a_declaration_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def declare(journal: Journal) -> None:
        await journal.want([(wanted("old"),)], "first")
        await end(journal, request("old"), "ok")

    use(path, declare)
    process = subprocess.Popen(
        [sys.executable, "-c", DECLARE, path], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert [row["reply"] for row in rows(path)] == ["text"]
    with Journal(path) as journal:
        assert journal.has_declared("first")
        assert list(journal.owed(0)) == []


def test_a_prompt_that_comes_again_is_one_and_shared_requests_are_sent_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    other = SampleRequest(digest("another template"), request("a"), 2, "other", None)

    async def work(journal: Journal) -> list[str]:
        texts = ["a", "a", "b", "a", "c", "b"]
        chains = [(wanted(text, index=index),) for text in texts for index in range(2)]
        await journal.want([*chains, (other,)], rows=lambda: len(texts) + 1)
        counts = journal.counts()
        assert (counts["rows"], counts["prompts"], counts["samples"]) == (7, 4, 7)
        return [chain[0].request.key for chain in journal.owed(0)]

    owed = use(path, work)
    assert owed == [request(text, index=index).key for text in "abc" for index in range(2)]

    async def answer(journal: Journal) -> None:
        await end(journal, request("a"), "ok")

    use(path, answer)
    assert progress_of(path)["answered"] == 2  # of both prompts that render to this text
