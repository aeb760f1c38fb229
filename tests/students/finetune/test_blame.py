"""A loss that is no number: stopped before the weights take it, with the rows it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer

from students.config import StudentConfig
from students.finetune.blame import rows_of_step
from students.finetune.train import train
from students.job import Job
from students.result import Diverged, Progress
from tests.students.samples import WriteCorpus, corpus_rows

POISON = " xylophone"


@pytest.fixture
def poisoned(tiny: Path, tmp_path: Path) -> Path:
    """The tiny model, but that one word's embedding is no number."""
    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModelForCausalLM.from_pretrained(tiny)
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    model.get_input_embeddings().weight.data[tokenizer(POISON)["input_ids"]] = float("nan")
    place = tmp_path / "poisoned"
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


def diverge(config: StudentConfig, corpus: Path, place: Path) -> tuple[Diverged, list[Progress]]:
    steps: list[Progress] = []
    with pytest.raises(Diverged) as caught:
        train(
            Job(config, corpus=corpus, base=config.base, out=place / "student", work=place / "work"),
            on_progress=steps.append,
        )
    return caught.value, steps


@pytest.mark.parametrize("shape", [(8, 1), (2, 4)])
def test_the_rows_that_give_no_number_are_named(
    poisoned: Path, write_corpus: WriteCorpus, tmp_path: Path, shape: tuple[int, int]
) -> None:
    rows = corpus_rows()
    for number in (11, 30):
        rows[number]["prompt"][0]["content"] += POISON
    size, accumulation = shape
    config = StudentConfig(base=str(poisoned), epochs=2, batch_size=size, accumulation=accumulation, eval_every=2)
    error, steps = diverge(config, write_corpus(rows), tmp_path)
    assert set(error.rows) <= {"p11 (row 12)", "p30 (row 31)"}
    assert error.rows
    assert f"It comes from {error.rows[0]}" in str(error)
    assert error.step == len(steps) + 1


def test_weights_that_are_no_numbers_are_not_blamed_on_rows(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), learning_rate=1e30, warmup_ratio=0.0)
    error, _ = diverge(config, corpus, tmp_path)
    assert "Lower student.learning_rate" in str(error)
    assert len(error.rows) == 8


@given(st.integers(1, 50), st.integers(1, 9), st.integers(1, 3))
def test_an_epochs_steps_read_every_row_once(rows: int, step_rows: int, epochs: int) -> None:
    per_epoch = -(-rows // step_rows)
    read = [row for done in range(per_epoch * epochs) for row in rows_of_step(done, rows, step_rows)]
    assert read == list(range(rows)) * epochs
