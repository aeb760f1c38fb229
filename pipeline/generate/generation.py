"""Asking for the replies to a source's prompts, or to those of its first rows, and writing replies.parquet."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.curate.so_far import KeptSoFar
from pipeline.generate.rescore import rescore
from pipeline.inference.batch.lane import ask_batches, reclaim
from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.inference.routes import chains_of
from pipeline.inference.session import Session, ask
from pipeline.journal.columns import REPLIES
from pipeline.journal.export import tables
from pipeline.journal.journal import Journal
from pipeline.process.pandas_probe import answer_probe
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.run.context import Context
from pipeline.run.counts import GenerateCounts
from pipeline.run.errors import RunError
from pipeline.run.records import write_tables
from prompts.digest import digest
from teachers.base import ANSWERS


@dataclass(slots=True, frozen=True)
class Generation:
    """A recipe's prompts, its teachers, and the run that keeps their replies."""

    context: Context
    endpoints: Sequence[ConfiguredTeacher]
    prompts: PromptStream

    def ask(self, rows: int | None = None, *, kept: int = 0) -> GenerateCounts:
        """Asks what the source, or its first `rows`, owe, and writes replies.parquet.

        `kept` is how many samples curation kept of what was asked before: it is shown, and decides nothing.
        """
        with Journal(self.context.run.journal) as journal:
            asyncio.run(self._ask(journal, rows, kept))
            counts = self._write_replies(journal)
        if not any(counts.outcomes.get(outcome) for outcome in ANSWERS):
            raise RunError("the teacher answered nothing; `stillhouse why RUN SAMPLE` shows a sample's attempts")
        return counts

    def limit(self, rows: int) -> GenerateCounts:
        """Makes the first `rows` what the run is about, as `ask` does, and asks nobody."""
        with Journal(self.context.run.journal) as journal:
            asyncio.run(self._declare(journal, rows))
            return self._write_replies(journal)

    def count_begun(self) -> int:
        """Returns how many of the source's rows these teachers were asked already, up to the last of them."""
        with Journal(self.context.run.journal) as journal:
            earlier = journal.count_begun()
            if not earlier:
                return 0
            # By another recipe's declaration, perhaps: under this one's fewer of them may have been asked.
            asyncio.run(self._declare(journal, earlier))
            return journal.count_begun()

    def count_rows(self) -> int:
        """Reads the source to its end; InputError for a bad row, which a later wave would have come to."""
        return sum(1 for _ in self.prompts)

    async def _ask(self, journal: Journal, rows: int | None, kept: int) -> None:
        await self._declare(journal, rows)
        recipe = self.context.recipe
        so_far = KeptSoFar(recipe.curation, kept)
        session = Session(self.context, journal, "generate", dict(enumerate(self.endpoints)))
        if recipe.generate.lane == "batch":
            await ask_batches(session, kept=so_far)
        else:
            # Batches of an earlier sitting in the other lane are paid for: they are read before anybody is asked again.
            await reclaim(session)
            await self._ask_online(journal, so_far)
        # After every reply is there, whatever lane it came by: the scorer is loaded once.
        await rescore(self.context, journal)

    async def _ask_online(self, journal: Journal, kept: KeptSoFar) -> None:
        owed = journal.count_owed()
        total = sum(owed.values())
        if not kept.count:  # a later wave's user has read it
            self._say_what_is_there(journal, total)
        lanes = {number: journal.owed(number) for number in owed}
        numbers = list(owed)
        if owed and self.context.recipe.combine.how == "fallback":
            numbers = list(range(len(self.endpoints)))  # any of them, where those before it refuse
        endpoints = {number: self.endpoints[number] for number in numbers}
        await ask(Session(self.context, journal, "generate", endpoints), lanes, total, kept=kept)

    async def _declare(self, journal: Journal, rows: int | None) -> None:
        """Declares the recipe's samples, or those of its first `rows`, unless the journal holds this declaration."""
        # To declare a million rows again takes longer than to look whether they are the same.
        stage = self.context.manifest.stages["generate"].fingerprint
        identities = [asdict(endpoint.description.identity) for endpoint in self.endpoints]
        fingerprint = digest([stage, identities, rows])
        if journal.has_declared(fingerprint):
            return
        chains = chains_of(islice(self.prompts, rows), self.endpoints, self.context.recipe)
        await journal.want(chains, fingerprint, rows=lambda: self.prompts.rows)
        if self.prompts.skipped:
            self._say(self.prompts.skipped)
        counts = journal.counts()
        if merged := counts["rows"] - counts["prompts"]:
            self._say(f"{merged} rows repeat an earlier row's prompt; asked once")

    def _say_what_is_there(self, journal: Journal, owed: int) -> None:
        if journal.left_in_flight:
            self._say(
                f"{journal.left_in_flight} requests were in flight when the last process ended; "
                "they may have been paid, and those without a reply are asked again"
            )
        counts = journal.counts()
        if owed < counts["chains"] and counts["answered"]:
            self._say(f"{counts['chains'] - owed} of {counts['chains']} replies are in the journal already")

    def _say(self, text: str) -> None:
        self.context.progress.say(f"generate: {text}")

    def _write_replies(self, journal: Journal) -> GenerateCounts:
        # Not before: pyarrow's first array sets memory aside, which replies in flight may need.
        answer_probe()
        usage = Usage()
        path = self.context.run
        samples = write_tables(path.replies, REPLIES, usage.counted(tables(path.journal)))
        declared = journal.counts()
        return GenerateCounts(
            rows=declared["rows"],
            prompts=declared["prompts"],
            merged=declared["rows"] - declared["prompts"],
            samples=samples,
            outcomes=dict(usage.outcomes),
            input_tokens=usage.tokens["input_tokens"],
            output_tokens=usage.tokens["output_tokens"],
            cost_usd=usage.cost_usd,
            to_ask_again=journal.count_to_ask_again(),
        )


class Usage:
    """The tokens and dollars of rows that pass: replies.parquet is streamed once, to the file."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self._costs_usd: list[float] = []

    @property
    def cost_usd(self) -> float | None:
        """None where no reply has a price."""
        return sum(self._costs_usd) if self._costs_usd else None

    def counted(self, parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Yields the tables as they are."""
        for table in parts:
            self.outcomes.update(table["outcome"].to_pylist())
            usage = table["usage"].combine_chunks()
            for name in ("input_tokens", "output_tokens"):
                self.tokens[name] += pc.sum(usage.field(name)).as_py() or 0
            if cost_usd := pc.sum(table["cost_usd"]).as_py():
                self._costs_usd.append(cost_usd)
            yield table
