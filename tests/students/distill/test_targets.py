"""The file of soft targets, of a real tokenizer's tokens."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from prompts.errors import InputError
from students.corpus.data import TrainingRow
from students.corpus.encode import IGNORED, encode_row
from students.distill.align import SoftTarget
from students.distill.targets import Coverage, pack, prepare_targets, read_measures, row_targets
from students.distill.token_table import TokenTable
from tests.students.distill.samples import with_tokens, write
from tests.students.samples import corpus_rows


def test_soft_labels_count_before_logprobs(tokenizer: Any) -> None:
    row = TrainingRow([{"role": "user", "content": "?"}], [{"role": "assistant", "content": "spam"}], "k")
    row = TrainingRow(row.prompt, row.completion, "k", soft_labels=[("spam", 0.8), ("ham", 0.2)])
    encoded = encode_row(row, tokenizer)
    ids = [index for index, label in zip(encoded["input_ids"], encoded["labels"], strict=True) if label != IGNORED]
    targets = row_targets(row, ids, tokenizer, TokenTable(tokenizer))
    ham = tokenizer("ham", add_special_tokens=False)["input_ids"][0]
    assert targets[0] == SoftTarget(((ids[0], pytest.approx(0.8)), (ham, pytest.approx(0.2))), 0.0)  # type: ignore[arg-type]
    assert targets[1:] == [SoftTarget(((index, 1.0),), 0.0) for index in ids[1:]], "the rest of a label is certain"


def test_labels_of_several_tokens_are_covered_whole(tokenizer: Any, tmp_path: Path) -> None:
    rows = corpus_rows(4)
    for row in rows:
        row["completion"][0]["content"] = "a very long label: spam"
        row["soft_labels"] = [{"text": "a very long label: spam", "share": 0.7}, {"text": "ham", "share": 0.3}]
    measures = read_measures(prepare_targets(write(rows, tmp_path), tokenizer, {}, tmp_path / "cache"))
    assert measures["soft_target_coverage"] == measures["soft_target_head_mass"] == 1


def test_the_mass_is_of_the_tokens_that_are_counted() -> None:
    coverage = Coverage()
    coverage.add([SoftTarget(((1, 0.5),), 0.5), SoftTarget(((2, 1.0),), 0.0)])  # the last ends the turn
    assert coverage.measures()["soft_target_head_mass"] == 0.5


def test_the_weight_of_an_unknown_teacher_is_refused(tokenizer: Any, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"weights\.openai:gpt.*no train row is this teacher's"):
        prepare_targets(corpus, tokenizer, {"openai:gpt": 2.0}, tmp_path / "cache")


def test_logprobs_of_another_text_are_left_out_and_counted(tokenizer: Any, tmp_path: Path) -> None:
    rows = with_tokens(corpus_rows(4), tokenizer)
    rows[0]["completion"][0]["content"] = "perhaps"
    measures = read_measures(prepare_targets(write(rows, tmp_path), tokenizer, {}, tmp_path / "cache"))
    assert measures["rows_without_soft_targets"] == 1
    assert measures["soft_target_coverage"] < 1


def test_the_cache_is_used_again_and_named_by_what_it_depends_on(tokenizer: Any, corpus: Path, tmp_path: Path) -> None:
    first = prepare_targets(corpus, tokenizer, {}, tmp_path / "cache")
    made = first.stat().st_mtime_ns
    assert prepare_targets(corpus, tokenizer, {}, tmp_path / "cache").stat().st_mtime_ns == made
    rows = with_tokens(corpus_rows(), tokenizer)
    for row in rows:
        row["teacher"] = {"provider": "openai", "model": "a", "base_url": None}
    other = write(rows, tmp_path / "other")
    plain = prepare_targets(other, tokenizer, {}, tmp_path / "cache")
    assert prepare_targets(other, tokenizer, {"openai:a": 2.0}, tmp_path / "cache") != plain != first


def test_several_teachers_of_one_text_are_mixed(tokenizer: Any, tmp_path: Path) -> None:
    rows = with_tokens(corpus_rows(2), tokenizer) + with_tokens(corpus_rows(2), tokenizer)
    for number, row in enumerate(rows):
        row["teacher"] = {"provider": "openai", "model": "ab"[number // 2], "base_url": None}
    path = prepare_targets(write(rows, tmp_path), tokenizer, {"openai:a": 3.0}, tmp_path / "cache")
    assert pq.read_metadata(path).num_rows == 2


def unpack(row: dict[str, Any]) -> list[SoftTarget | None]:
    """The columns of a row as targets again."""
    targets: list[SoftTarget | None] = []
    at, tails = 0, iter(row["tails"])
    for size in row["sizes"]:
        head = zip(row["ids"][at : at + size], row["logprobs"][at : at + size], strict=True)
        targets.append(SoftTarget(tuple((i, math.exp(p)) for i, p in head), next(tails)) if size else None)
        at += size
    return targets


def test_packing_loses_only_float16s_digits() -> None:
    chance = random.Random(0)
    targets = [
        None if chance.random() < 0.3 else SoftTarget(((number, 0.5), (number + 1, 0.25 / (number + 1))), 0.25)
        for number in range(20)
    ]
    for found, given in zip(unpack(pack(targets)), targets, strict=True):
        assert (found is None) == (given is None)
        if found is not None and given is not None:
            assert dict(found.head) == pytest.approx(dict(given.head))
