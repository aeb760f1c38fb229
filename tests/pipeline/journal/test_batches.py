"""Batches in the journal: what is at the provider is neither forgotten nor asked again."""

from __future__ import annotations

from pathlib import Path

from pipeline.journal.batches import Batches
from pipeline.journal.journal import Journal
from pipeline.journal.read import texts_of
from teachers.batch.base import Part, Ticket
from teachers.errors import NeverRun
from tests.pipeline.helpers import reply, request, wanted
from tests.pipeline.journal.make import owed, use


def part(name: str, *texts: str) -> Part:
    return Part(Ticket(name, 5.0, len(texts)), Path("part.jsonl"), 9, tuple(request(text).key for text in texts))


def test_a_part_goes_from_open_to_closed(tmp_path: Path) -> None:
    path, key = tmp_path / "journal.sqlite", {text: request(text).key for text in "abc"}

    async def begin(journal: Journal) -> None:
        await journal.want((wanted(text),) for text in "abc")
        batches = Batches(journal)
        await batches.open_part(part("p1", "b", "a"), "openai:m", {key["a"]: 0.5})
        [opened] = batches.open_parts()
        assert (opened.ticket, opened.teacher, opened.job_id) == (Ticket("p1", 5.0, 2), "openai:m", None)
        await batches.submitted("p1", "job-1")

    async def go_on(journal: Journal) -> None:
        batches = Batches(journal)
        [opened] = batches.open_parts()
        assert opened.job_id == "job-1"
        assert batches.jobs() == {"job-1"}
        entries = batches.entries("p1")
        assert [(entry.key, entry.outcome) for entry in entries] == [(key["b"], None), (key["a"], None)]
        assert batches.in_flight(key.values()) == {key["a"], key["b"]}
        await batches.settle(entries[1].attempt, key["a"], reply("a"))
        await batches.settle(entries[0].attempt, key["b"], NeverRun("expired", provider="openai"))
        await batches.close_part("p1")
        assert [entry.outcome for entry in batches.entries("p1")] == ["transient", "ok"]
        assert batches.open_parts() == []
        assert batches.jobs() == {"job-1"}  # no other part may be taken for it
        assert batches.in_flight(key.values()) == set()
        assert owed(journal) == {wanted(text).sample_id for text in "bc"}

    use(path, begin)
    use(path, go_on)  # another process, as after a kill
    assert texts_of(path, key.values()) == {key["a"]: "a"}
