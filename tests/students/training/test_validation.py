"""One measure for every method: it is the cross-entropy and the greedy answers, and watches the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from students.config import StudentConfig
from students.corpus.data import read_corpus
from students.corpus.encode import IGNORED, encode
from students.finetune.train import train
from students.job import Job
from students.methods.distill import Distill
from students.result import Validation
from students.training.validation import measure
from tests.students.samples import WriteCorpus, corpus_rows


@pytest.fixture
def rows(corpus: Path, tokenizer: Any) -> list[dict[str, list[int]]]:
    return encode(read_corpus(corpus, 0.3).validation, tokenizer, 1024).rows


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_it_is_the_cross_entropy_of_the_labels_whatever_the_batch(
    tiny: Path, rows: list[dict[str, list[int]]], batch_size: int
) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny)
    total, tokens = 0.0, 0
    for row in rows:
        logits_TV = model(torch.tensor([row["input_ids"]])).logits[0].log_softmax(-1)
        for place, label in enumerate(row["labels"]):
            if label != IGNORED:
                total, tokens = total - logits_TV[place - 1, label].item(), tokens + 1
    assert measure(model, rows, batch_size, 0)[0] == pytest.approx(total / tokens, abs=1e-5)


def watch(config: StudentConfig, corpus: Path, place: Path) -> list[Validation]:
    heard: list[Validation] = []
    out, work = place / "student", place / "work"
    train(Job(config, corpus=corpus, base=config.base, out=out, work=work), on_validation=heard.append)
    return heard


def test_accuracy_is_that_of_greedy_decoding(tiny: Path, corpus: Path, tmp_path: Path, tokenizer: Any) -> None:
    config = StudentConfig(base=str(tiny), epochs=5, learning_rate=1e-2, eval_every=5, validation_fraction=0.3)
    heard = watch(config, corpus, tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "student")
    found = read_corpus(corpus, 0.3).validation
    right = 0
    for row in found:
        ids = tokenizer.apply_chat_template(
            row.prompt, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        reply = model.generate(**ids, max_new_tokens=8, do_sample=False)[0, ids["input_ids"].shape[1] :]
        right += tokenizer.decode(reply) == row.completion[0]["content"] + tokenizer.eos_token
    assert heard[-1].accuracy == right / len(found)
    assert heard[-1].rows == len(found)
    assert right > 0


def test_methods_are_measured_alike(tiny: Path, write_corpus: WriteCorpus, tmp_path: Path) -> None:
    """Untrained, sft and distill have one cross-entropy, though their losses are of other units."""
    corpus = write_corpus(corpus_rows())
    still = {"base": str(tiny), "epochs": 1, "learning_rate": 1e-12, "eval_every": 1}
    sft = watch(StudentConfig(**still), corpus, tmp_path / "a")
    distill = watch(StudentConfig(**still, method="distill", distill=Distill(a_ce=3, min_coverage=0)), corpus, tmp_path)
    assert sft[-1].cross_entropy == pytest.approx(distill[-1].cross_entropy, abs=1e-4)


def test_what_it_raises_ends_the_training(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(now: Validation) -> None:
        raise Enough

    config = StudentConfig(base=str(tiny), epochs=2)
    with pytest.raises(Enough):
        train(Job(config, corpus=corpus, base=str(tiny), out=tmp_path / "s", work=tmp_path / "w"), on_validation=stop)
    assert not (tmp_path / "s").exists()
