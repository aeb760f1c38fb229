"""What an opened run gives: rows in three forms, stages with typed counts, and errors that say what is missing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import InputError, Rows, Run, load_recipe, open_run, run
from pipeline.run.counts import CurateCounts
from tests.pipeline.helpers import write_recipe, write_rows


@pytest.fixture
def curated(tmp_path: Path) -> Run:
    script = [{"match": "mail 3", "reply": "No.", "outcome": "refused"}, {"match": "1", "reply": "spam"}]
    write_rows(tmp_path / "script.jsonl", [*script, {"reply": "ham"}])
    recipe = load_recipe(write_recipe(tmp_path))
    run(recipe, tmp_path / "run", until="curate", on_progress=lambda event: None)
    return open_run(tmp_path / "run")


def test_rows_in_three_forms_are_the_same(curated: Run) -> None:
    rows = curated.rows("kept")
    assert len(rows) == 11
    assert {"sample_id", "reply", "split", "completion"} <= {*rows.columns}
    records = list(rows)
    assert rows.to_table().to_pylist() == records
    dataset = rows.to_dataset(["reply", "split"])
    assert dataset.column_names == ["reply", "split"]
    assert dataset["reply"][:] == [record["reply"] for record in records]
    assert [record["reason"] for record in curated.rows("dropped")] == ["refused"]


def test_stages_are_typed_and_the_recipe_is_the_runs_own(curated: Run) -> None:
    counts = curated.stages["curate"].counts
    assert isinstance(counts, CurateCounts)
    assert (counts.samples, counts.kept) == (12, 11)
    assert curated.recipe.name == "small"
    assert repr(curated) == f"<Run {curated.directory}: generate done, curate done>"


def test_what_is_not_there_says_so(curated: Run) -> None:
    with pytest.raises(InputError, match=r"has no answers.parquet yet"):
        curated.rows("answers")
    with pytest.raises(InputError, match=r"no rows are called 'keep'. Known: replies, kept"):
        curated.rows("keep")
    with pytest.raises(InputError, match=r"has no evaluation\.json yet"):
        _ = curated.evaluation
    with pytest.raises(InputError, match=r"has no report\.html yet"):
        _ = curated.report
    with pytest.raises(InputError, match="has no student yet"):
        curated.student()


def test_maps_are_lists_of_pairs_in_a_dataset(tmp_path: Path) -> None:
    path = tmp_path / "answers.parquet"
    column = pa.array([[("a", "b")], []], pa.map_(pa.string(), pa.string()))
    pq.write_table(pa.table({"fields": column}), path)
    assert Rows(path).to_dataset()["fields"][:] == [[{"key": "a", "value": "b"}], []]
