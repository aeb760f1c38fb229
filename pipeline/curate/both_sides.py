"""kept.parquet and dropped.parquet: replies.parquet again, each row with its verdict. Nothing is held whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipeline.curate.curated import Curated, Dropped
from pipeline.journal.columns import REPLIES
from pipeline.recipe.verdict import Sample
from pipeline.run.records import CURATED, VERDICT, open_parquet, write_tables
from prompts.messages import Message, to_dicts

KEPT = pa.schema([*REPLIES, *CURATED])

DROPPED = pa.schema([*REPLIES, *CURATED, *VERDICT])

Member = TypeVar("Member", Sample, Dropped)


def write_both(replies: Path, curated: Curated, kept: Path, dropped: Path) -> None:
    """Writes both sides in the order of `replies`."""
    write_tables(kept, KEPT, (kept_rows(table, curated) for table in _tables(replies)))
    write_tables(dropped, DROPPED, (dropped_rows(table, curated) for table in _tables(replies)))


def kept_rows(replies: pa.Table, curated: Curated) -> pa.Table:
    """Returns those of some rows of replies.parquet that were kept, in the schema KEPT."""
    rows, samples = _side(replies, curated.kept)
    columns = pa.Table.from_pylist([_curated(sample) for sample in samples], CURATED)
    return _joined(_with_gold(rows, samples, curated), columns, KEPT)


def dropped_rows(replies: pa.Table, curated: Curated) -> pa.Table:
    """Returns those that were dropped, in the schema DROPPED."""
    rows, gone = _side(replies, curated.dropped)
    samples = [drop.sample for drop in gone]
    written = [_curated(drop.sample) | _verdict(drop) for drop in gone]
    columns = pa.Table.from_pylist(written, pa.schema([*CURATED, *VERDICT]))
    return _joined(_with_gold(rows, samples, curated), columns, DROPPED)


def _tables(path: Path) -> Iterator[pa.Table]:
    with open_parquet(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def _side(replies: pa.Table, members: Mapping[str, Member]) -> tuple[pa.Table, list[Member]]:
    """Returns the rows whose sample ids are among the members, and these members, in the rows' order."""
    places: list[int] = []
    there: list[Member] = []
    for place, sample_id in enumerate(replies["sample_id"].to_pylist()):
        if sample_id in members:
            places.append(place)
            there.append(members[sample_id])
    # With its type: of an empty list Arrow would make nulls, which are no places.
    return replies.take(pa.array(places, pa.int64())), there


def _curated(sample: Sample) -> dict[str, Any]:
    """Returns a sample's values in the columns of CURATED."""
    return {
        "prompt": to_dicts(sample.student_messages),
        "completion": to_dicts((Message("assistant", sample.completion),)),
        "split": sample.split,
        "margin": sample.margin,
        "judge_score": sample.score,
        "soft_labels": [{"text": text, "share": share} for text, share in sample.soft_labels],
        "review": None if sample.reviewed is None else asdict(sample.reviewed),
    }


def _verdict(drop: Dropped) -> dict[str, Any]:
    """Returns a drop's values in the columns of VERDICT."""
    return {"step": drop.step, "reason": drop.reason, "score": drop.score, "detail": drop.detail}


def _with_gold(rows: pa.Table, samples: Sequence[Sample], curated: Curated) -> pa.Table:
    """Fills in people's answers where the source has none; on the held-out side alone, for gold never trains."""
    given = curated.rulings.gold
    golds: list[str | None] = []
    for gold, sample in zip(rows["gold"].to_pylist(), samples, strict=True):
        if gold is None and sample.split == "heldout":
            golds.append(given.get(sample.prompt_id))
        else:
            golds.append(gold)
    place = rows.schema.get_field_index("gold")
    return rows.set_column(place, "gold", pa.array(golds, pa.string()))


def _joined(rows: pa.Table, columns: pa.Table, schema: pa.Schema) -> pa.Table:
    """Puts columns beside rows: Arrow shares both, and copies neither."""
    return pa.table([*rows.columns, *columns.columns], schema=schema)
