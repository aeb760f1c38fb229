"""kept.parquet and dropped.parquet: replies.parquet again, each row with its verdict. Nothing is held whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.curate.curated import Curated
from pipeline.journal.columns import REPLIES
from pipeline.recipe.verdict import Sample
from pipeline.run.records import CURATED, VERDICT, write_tables
from prompts.messages import Message, to_dicts

KEPT = pa.schema([*REPLIES, *CURATED])

DROPPED = pa.schema([*REPLIES, *CURATED, *VERDICT])


def write_both(replies: Path, curated: Curated, kept: Path, dropped: Path) -> None:
    """Writes both sides in the order of `replies`."""
    write_tables(kept, KEPT, (kept_rows(table, curated) for table in _tables(replies)))
    write_tables(dropped, DROPPED, (dropped_rows(table, curated) for table in _tables(replies)))


def kept_rows(replies: pa.Table, curated: Curated) -> pa.Table:
    """Those of some rows of replies.parquet that were kept, in the schema KEPT."""
    rows, samples = _side(replies, curated.kept)
    return _with_columns(_with_gold(rows, samples, curated), KEPT, _columns(samples))


def dropped_rows(replies: pa.Table, curated: Curated) -> pa.Table:
    """Those that were dropped, in the schema DROPPED."""
    rows, gone = _side(replies, curated.dropped)
    samples = [one.sample for one in gone]
    verdicts = {name: [getattr(one, name) for one in gone] for name in VERDICT.names}
    return _with_columns(_with_gold(rows, samples, curated), DROPPED, {**_columns(samples), **verdicts})


def _tables(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def _side(replies: pa.Table, members: dict[str, Any]) -> tuple[pa.Table, list[Any]]:
    ids = replies["sample_id"].to_pylist()
    rows = [number for number, sample_id in enumerate(ids) if sample_id in members]
    return replies.take(pa.array(rows, pa.int64())), [members[ids[number]] for number in rows]


def _columns(samples: Sequence[Sample]) -> dict[str, list[Any]]:
    return {
        "prompt": [to_dicts(sample.student_messages) for sample in samples],
        "completion": [to_dicts((Message("assistant", sample.completion),)) for sample in samples],
        "split": [sample.split for sample in samples],
        "margin": [sample.margin for sample in samples],
        "judge_score": [sample.score for sample in samples],
        "soft_labels": [[{"text": text, "share": share} for text, share in sample.soft_labels] for sample in samples],
        "review": [sample.reviewed and asdict(sample.reviewed) for sample in samples],
    }


def _with_gold(rows: pa.Table, samples: Sequence[Sample], curated: Curated) -> pa.Table:
    """On the held-out side, people's answers where the source has none."""
    known, given = rows["gold"].to_pylist(), curated.rulings.gold
    golds = [
        given.get(sample.prompt_id) if gold is None and sample.split == "heldout" else gold
        for gold, sample in zip(known, samples, strict=True)
    ]
    place = rows.schema.get_field_index("gold")
    return rows.set_column(place, "gold", pa.array(golds, pa.string()))


def _with_columns(rows: pa.Table, schema: pa.Schema, columns: dict[str, list[Any]]) -> pa.Table:
    arrays = [pa.array(columns[name], schema.field(name).type) for name in columns]
    return pa.table([*rows.columns, *arrays], schema=schema)
