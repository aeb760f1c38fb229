from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import InputError
from students.corpus.data import TrainingRow, read_corpus, split_by_key
from tests.students.samples import WriteCorpus, corpus_rows


def rows_of(keys: list[str]) -> list[TrainingRow]:
    return [TrainingRow([{"role": "user", "content": str(n)}], [], key) for n, key in enumerate(keys)]


def test_held_out_rows_are_neither_trained_on_nor_watched(write_corpus: WriteCorpus) -> None:
    rows = corpus_rows(20)
    for row in rows[:5]:
        row["split"] = "heldout"
    corpus = read_corpus(write_corpus(rows), 0.2)
    seen = {row.prompt[0]["content"] for row in (*corpus.train, *corpus.validation)}
    assert seen == {row["prompt"][0]["content"] for row in rows[5:]}
    assert len(corpus.validation) == 3


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1), st.floats(0.01, 0.5), st.randoms())
def test_a_group_stays_on_one_side_whatever_the_order(keys: list[str], fraction: float, random: Any) -> None:
    rows = rows_of(keys)
    train, watched = split_by_key(rows, fraction)
    assert watched
    assert not {row.key for row in train} & {row.key for row in watched}
    assert len(train) + len(watched) == len(rows)
    shuffled = random.sample(rows, len(rows))
    assert {row.key for row in split_by_key(shuffled, fraction)[1]} == {row.key for row in watched}


@given(st.integers(10, 200), st.floats(0.05, 0.5))
def test_validation_holds_about_its_share(count: int, fraction: float) -> None:
    watched = split_by_key(rows_of([str(number) for number in range(count)]), fraction)[1]
    assert abs(len(watched) - fraction * count) <= 1


def test_the_group_column_counts_before_the_prompt(tmp_path: Path) -> None:
    rows = [row | {"group": "same" if number < 9 else None} for number, row in enumerate(corpus_rows(10))]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "kept.parquet")
    corpus = read_corpus(tmp_path / "kept.parquet", 0.1)
    assert {row.key for row in (*corpus.train, *corpus.validation)} == {"same", "p9"}


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_corpus(tmp_path / "kept.parquet", 0.1)


def test_a_file_that_is_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "kept.parquet").write_text("not parquet at all")
    with pytest.raises(InputError, match="is not Parquet"):
        read_corpus(tmp_path / "kept.parquet", 0.1)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["x"], "split": ["train"]}), tmp_path / "kept.parquet")
    with pytest.raises(InputError, match=r"field 'completion': is missing. The file has prompt, split"):
        read_corpus(tmp_path / "kept.parquet", 0.1)


def test_an_empty_train_split(write_corpus: WriteCorpus) -> None:
    with pytest.raises(InputError, match="no row has split = train"):
        read_corpus(write_corpus([row | {"split": "heldout"} for row in corpus_rows(3)]), 0.1)


def test_one_row_leaves_nothing_to_watch(write_corpus: WriteCorpus) -> None:
    with pytest.raises(InputError, match="one group"):
        read_corpus(write_corpus(corpus_rows(1)), 0.1)


def test_a_row_without_messages_is_named(write_corpus: WriteCorpus) -> None:
    rows = corpus_rows(3)
    rows[1]["completion"] = []
    with pytest.raises(InputError, match=r"parquet:2: field 'completion'"):
        read_corpus(write_corpus(rows), 0.1)
