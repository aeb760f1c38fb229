"""Distillation from stored probabilities, on a two-layer student with a real tokenizer."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prompts.errors import InputError
from prompts.token_bytes import token_bytes
from students.config import StudentConfig
from students.corpus.data import TrainingRow
from students.corpus.encode import IGNORED, encode_row
from students.distill import method as distill
from students.distill.align import SoftTarget
from students.distill.soft_labels import soft_label_targets
from students.distill.targets import Coverage, pack, prepare_targets, read_measures, row_targets
from students.distill.token_table import TokenTable
from students.finetune.train import train
from students.job import Job
from students.methods.distill import Distill
from students.sft import method as sft
from tests.students.kills import same_after_a_kill
from tests.students.samples import corpus_rows
from tests.students.sft.test_method import answer, run

TOP = pa.list_(pa.struct([("bytes", pa.binary()), ("id", pa.int32()), ("logprob", pa.float32())]))
TOKENS = pa.list_(pa.struct([("bytes", pa.binary()), ("id", pa.int32()), ("logprob", pa.float32()), ("top", TOP)]))


def alternatives(**shares: float) -> list[dict[str, Any]]:
    return [{"bytes": text.encode(), "id": None, "logprob": math.log(share)} for text, share in shares.items()]


def with_tokens(rows: list[dict[str, Any]], tokenizer: Any) -> list[dict[str, Any]]:
    """The rows with logprobs of a teacher with this tokenizer, nine tenths sure of its label's first token."""
    of = token_bytes(tokenizer)
    for row in rows:
        ids = tokenizer(row["completion"][0]["content"], add_special_tokens=False)["input_ids"]
        pieces = [of(index) for index in ids]
        row["tokens"] = [
            {"bytes": piece, "id": None, "logprob": -0.1, "top": [{"bytes": piece, "id": None, "logprob": -0.1}]}
            for piece in pieces
        ]
        other = "ham" if pieces[0].startswith(b"sp") else "spam"
        row["tokens"][0]["top"].append({"bytes": other.encode(), "id": None, "logprob": -2.4})
    return rows


def write(rows: list[dict[str, Any]], place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    path = place / "kept.parquet"
    columns = {name: [row.get(name) for row in rows] for name in {name for row in rows for name in row}}
    arrays = {
        name: pa.array(values, TOKENS) if name == "tokens" else pa.array(values) for name, values in columns.items()
    }
    pq.write_table(pa.table(arrays), path)
    return path


@pytest.fixture
def config(tiny: Path) -> StudentConfig:
    return StudentConfig(base=str(tiny), method="distill", epochs=3, learning_rate=5e-3, batch_size=8, eval_every=1)


@pytest.fixture
def corpus(tokenizer: Any, tmp_path: Path) -> Path:
    return write(with_tokens(corpus_rows(), tokenizer), tmp_path / "corpus")


def test_a_student_learns_from_logprobs(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    more = config.model_copy(update={"epochs": 24, "eval_every": 12, "learning_rate": 1e-2})
    result = run(more, corpus, tmp_path)
    assert [answer(tmp_path / "student", subject) for subject in ("cheap pills", "project meeting")] == [
        "spam<|im_end|>",
        "ham<|im_end|>",
    ]
    assert result.measures == {
        "soft_target_coverage": 1.0,
        "soft_target_head_mass": pytest.approx(0.95, abs=0.05),
        "rows_without_soft_targets": 0,
    }
    assert "soft target coverage" in (tmp_path / "student" / "README.md").read_text()


def test_the_loss_does_not_depend_on_the_shape_of_the_batch(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    heard: list[list[Any]] = [[], []]
    for steps, (size, accumulation) in zip(heard, ((8, 1), (2, 4)), strict=True):
        shape = {"batch_size": size, "accumulation": accumulation, "epochs": 1, "precision": "float32"}
        run(config.model_copy(update={"distill": Distill(a_ce=0.5, a_kd=0.5)} | shape), corpus, tmp_path, steps)
    assert [step.loss for step in heard[0]] == pytest.approx([step.loss for step in heard[1]], abs=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_training_ends_as_an_undisturbed_one(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    same_after_a_kill(run, config, corpus, tmp_path, within=1e-6)


def test_soft_labels_count_before_logprobs(tokenizer: Any) -> None:
    row = TrainingRow([{"role": "user", "content": "?"}], [{"role": "assistant", "content": "spam"}], "k")
    row = TrainingRow(row.prompt, row.completion, "k", soft_labels=[("spam", 0.8), ("ham", 0.2)])
    encoded = encode_row(row, tokenizer)
    ids = [index for index, label in zip(encoded["input_ids"], encoded["labels"], strict=True) if label != IGNORED]
    targets = row_targets(row, ids, tokenizer, TokenTable(tokenizer))
    ham = tokenizer("ham", add_special_tokens=False)["input_ids"][0]
    assert targets[0] == SoftTarget(((ids[0], pytest.approx(0.8)), (ham, pytest.approx(0.2))), 0.0)  # type: ignore[arg-type]
    assert targets[1:] == [SoftTarget(((index, 1.0),), 0.0) for index in ids[1:]], "the rest of a label is certain"


def test_shares_of_texts_that_begin_alike() -> None:
    labels = [([1, 2, 9], 0.5), ([1, 3, 9], 0.25), ([4, 9], 0.25)]
    first, second, third = soft_label_targets([1, 2, 9], labels)
    assert first == SoftTarget(((1, 0.75), (4, 0.25)), 0.0)
    assert second is not None
    assert dict(second.head) == pytest.approx({2: 2 / 3, 3: 1 / 3})
    assert third == SoftTarget(((9, 1.0),), 0.0)
    assert soft_label_targets([7, 8], labels)[1] is None, "of no label"


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


def test_a_teacher_without_logprobs_is_refused(config: StudentConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0% of the answer tokens.*top_logprobs"):
        run(config, write(corpus_rows(), tmp_path), tmp_path)


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


def test_the_settings_of_another_method_are_refused(tiny: Path) -> None:
    with pytest.raises(ValueError, match="'distill' is set"):
        StudentConfig(base=str(tiny), distill=Distill())


def test_train_keeps_the_targets_in_its_cache(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    train(
        Job(
            config,
            corpus=corpus,
            base=config.base,
            out=tmp_path / "s",
            work=tmp_path / "w",
            cache_folder=tmp_path / "cache",
        )
    )
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".parquet"]


def test_distill_tells_answers_apart_as_sft_does(tiny: Path, tokenizer: Any, tmp_path: Path) -> None:
    rows = corpus_rows(40)
    rows[3]["completion"][0]["content"] = "a long answer, which is no label, " * 8
    corpus = write(with_tokens(rows, tokenizer), tmp_path)
    job = Job(StudentConfig(base=str(tiny)), corpus, str(tiny), tmp_path / "s", tmp_path / "w", tmp_path)
    answers, same = (list(method.load_data(job, tokenizer).answers) for method in (distill, sft))
    assert answers == same
    assert len(set(answers)) == 3  # spam, ham, and what is no label
    assert answers.count(None) == 1
