"""The facts of a model card, as records: where a student comes from, how it was trained, what was measured of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from prompts.digest import digest_file
from students.config import StudentConfig
from students.result import TrainResult


@dataclass(slots=True, frozen=True)
class Override:
    """A provider's rule that the user has set aside."""

    name: str
    rule: str


@dataclass(slots=True, frozen=True)
class Helper:
    """A model whose output chose or weighted the rows without being their text."""

    role: str
    """judge, rescorer or teacher in memory."""
    provider: str
    model: str
    terms: str | None


@dataclass(slots=True, frozen=True)
class Provenance:
    """The part of a student's origin that only the recipe knows."""

    purpose: str | None = None
    """What the student is for, in the user's word."""
    overrides: tuple[Override, ...] = ()
    notices: tuple[str, ...] = ()
    """What the licences of its teachers want to be said."""
    helpers: tuple[Helper, ...] = ()


@dataclass(slots=True, frozen=True)
class Score:
    """A number of the evaluation, on the scorer's scale."""

    name: str
    value: float
    ci95: tuple[float, float] | None = None


@dataclass(slots=True, frozen=True)
class MeasuredStudent:
    """A student's scores on the held-out rows."""

    scorer: str
    rows: int
    """Held-out rows that were scored."""
    scores: tuple[Score, ...]
    """The student's first."""
    notes: tuple[str, ...] = ()
    """Sentences below the table."""


@dataclass(slots=True, frozen=True)
class TeacherRows:
    """A teacher of some of the training rows, and the terms of its answers."""

    provider: str
    model: str
    terms: str | None
    rows: int


@dataclass(slots=True, frozen=True)
class CardFacts:
    """All that a card says."""

    config: StudentConfig
    corpus_digest: str
    """Names the bytes of the corpus file."""
    result: TrainResult
    teachers: tuple[TeacherRows, ...] = ()
    """Those of the corpus's train split, the most frequent first."""
    provenance: Provenance = Provenance()
    measured: MeasuredStudent | None = None
    """None before it was scored."""
    gguf: str | None = None
    """Its first GGUF export, from the student's directory; None where there is none."""


def read_facts(config: StudentConfig, corpus: Path, result: TrainResult, provenance: Provenance) -> CardFacts:
    """Reads of the corpus file what a card says of it; nothing is measured yet, nor exported."""
    return CardFacts(config, digest_file(corpus), result, read_teachers(corpus), provenance)


def read_teachers(corpus: Path) -> tuple[TeacherRows, ...]:
    """Counts the teachers of a corpus's train split, the most frequent first; none without a column `teacher`."""
    if "teacher" not in pq.read_schema(corpus).names:
        return ()
    counts: Counter[tuple[str, str, str | None]] = Counter()
    with pq.ParquetFile(corpus) as file:  # not pq.read_table: it imports pyarrow.dataset, and that pandas
        rows = file.read(columns=["split", "teacher"]).to_pylist()
    for row in rows:
        if row["split"] == "train" and row["teacher"]:
            counts[(row["teacher"]["provider"], row["teacher"]["model"], row["teacher"]["terms"])] += 1
    return tuple(TeacherRows(*teacher, count) for teacher, count in counts.most_common())
