"""Progress of generation, by the journal's counters."""

from __future__ import annotations

from pathlib import Path

from pipeline.journal.journal import Journal
from pipeline.journal.progress import progress_of
from teachers.errors import RateLimited
from tests.pipeline.helpers import reply, request, wanted
from tests.pipeline.journal.make import record, use


def test_samples_answers_and_attempts_by_outcome(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def work(journal: Journal) -> None:
        await journal.want((wanted(text),) for text in "abcd")
        for text in "ab":
            failed = await journal.intend(request(text))
            await journal.settle(failed, request(text), RateLimited("later", provider="test"))
        await journal.settle(await journal.intend(request("a")), request("a"), reply("a"))
        await journal.intend(request("c"))
        assert progress_of(path)["attempts"] == {"rate_limited": 2, "ok": 1, "in_flight": 1}

    use(path, work)
    progress = progress_of(path)
    assert (progress["samples"], progress["answered"]) == (4, 1)


def test_a_journal_in_which_all_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    record(path, ["a", "b"])
    assert progress_of(path) == {"samples": 2, "answered": 2, "attempts": {"ok": 2}}
