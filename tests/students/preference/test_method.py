"""DPO and KTO on a two-layer student with a real tokenizer."""

from __future__ import annotations

import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from students.config import Lora, StudentConfig
from students.corpus.data import TrainingRow
from students.corpus.encode import IGNORED, encode_row
from students.methods.preference import Preference
from students.preference.method import weights_of
from students.quiet import quiet
from tests.students.kills import command, killed
from tests.students.preference.samples import pair_rows, write_own
from tests.students.sft.test_method import run


def with_preference(config: StudentConfig, **changes: Any) -> StudentConfig:
    return config.model_copy(update={"preference": Preference(**changes)})


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_student_learns_to_prefer(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    steps: list[Any] = []
    result = run(config.model_copy(update={"epochs": 2}), corpus, tmp_path, steps)
    assert result.train_loss < steps[0].loss
    watched = [step.validation_loss for step in steps if step.validation_loss is not None]
    assert result.validation_loss <= min(watched) < steps[0].loss
    assert result.rows_too_long == 0
    assert "method: preference" in (tmp_path / "student" / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_first_loss_is_that_of_a_student_that_is_its_reference(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), method="preference", epochs=0.2, lora=Lora(rank=4))
    for loss, first in (("dpo", math.log(2)), ("kto", 0.5)):
        steps: list[Any] = []
        run(
            with_preference(config, loss=loss, undesirable_weight=1 if loss == "kto" else None), corpus, tmp_path, steps
        )
        assert steps[0].loss == pytest.approx(first, abs=1e-5)


def test_the_loss_does_not_depend_on_the_shape_of_the_batch(
    config: StudentConfig, corpus: Path, tmp_path: Path
) -> None:
    heard: list[list[Any]] = [[], []]
    ends = []
    for steps, (size, accumulation) in zip(heard, ((8, 1), (2, 4)), strict=True):
        shape = {"batch_size": size, "accumulation": accumulation, "epochs": 1, "precision": "float32"}
        ends.append(run(config.model_copy(update=shape), corpus, tmp_path, steps).validation_loss)
    assert [step.loss for step in heard[0]] == pytest.approx([step.loss for step in heard[1]], abs=1e-5)
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_killed_training_ends_as_an_undisturbed_one(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    undisturbed = run(config, corpus, tmp_path / "whole")
    killed(config, corpus, tmp_path / "cut", step=12)
    resumed = run(config, corpus, tmp_path / "cut")
    assert resumed.resumed_from
    assert resumed.validation_loss == pytest.approx(undisturbed.validation_loss, abs=1e-6)
    assert resumed.train_loss == pytest.approx(undisturbed.train_loss, abs=1e-6)


def test_better_replies_gain_on_worse_ones(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), method="preference", epochs=1, learning_rate=1e-2, lora=Lora(rank=8))
    run(config, corpus, tmp_path)
    before, after = (leads(path) for path in (tiny, tmp_path / "student"))
    assert all(new > old for new, old in zip(after, before, strict=True))


def leads(path: Path) -> list[float]:
    """By how many nats the better reply of pairs that were not trained on is likelier than the worse."""
    with quiet():
        model, tokenizer = AutoModelForCausalLM.from_pretrained(path), AutoTokenizer.from_pretrained(path)
    rows = pair_rows(45)[41:]
    return [logprob(model, tokenizer, row, "chosen") - logprob(model, tokenizer, row, "rejected") for row in rows]


def logprob(model: Any, tokenizer: Any, row: dict[str, Any], which: str) -> float:
    encoded = encode_row(TrainingRow(row["prompt"], row[which], ""), tokenizer)
    ids, labels = torch.tensor([encoded["input_ids"]]), torch.tensor(encoded["labels"])
    with torch.no_grad():
        logps = model(input_ids=ids).logits.log_softmax(-1)[0, :-1].gather(-1, ids[0, 1:, None])[:, 0]
    return float(logps[labels[1:] != IGNORED].sum())


def test_kto_learns_from_single_replies_and_balances_them(tiny: Path, tmp_path: Path) -> None:
    pairs = [
        row | ({"chosen": None} if number % 2 else {"split": "heldout"}) for number, row in enumerate(pair_rows(20))
    ]
    config = StudentConfig(base=str(tiny), method="preference", preference=Preference(loss="kto"), epochs=0.5)
    steps: list[Any] = []
    result = run(config, write_own(tmp_path / "corpus", pairs), tmp_path, steps)
    # Ten rejected ones of train prompts; all 41 kept rows are good. Watching takes some of each.
    counts = {name: float(result.measures[name]) for name in ("desirable_rows", "undesirable_rows")}
    good, bad = counts.values()
    assert (good + bad + result.validation_rows, bad <= 10) == (51, True)
    assert weights_of(Preference(loss="kto"), counts) == (1, good / bad)
    assert weights_of(Preference(loss="kto", undesirable_weight=3), counts) == (1, 3)


def test_without_a_reference_the_base_does_not_count(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), method="preference", epochs=0.2, batch_size=36)
    steps: list[Any] = []
    run(with_preference(config, reference="none"), corpus, tmp_path, steps)
    assert abs(steps[0].loss - math.log(2)) > 0.1


def test_training_is_silent(
    config: StudentConfig, corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(config.model_copy(update={"epochs": 0.2}), corpus, tmp_path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_two_processes_train_what_one_does(config: StudentConfig, corpus: Path, tmp_path: Path) -> None:
    half = config.model_copy(update={"epochs": 1, "batch_size": 4})
    launch = ["-m", "torch.distributed.run", "--nproc_per_node", "2"]
    (tmp_path / "two").mkdir()
    python, *script = command(half, corpus, tmp_path / "two")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, *launch, *script], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    two = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    one: list[Any] = []
    run(config.model_copy(update={"epochs": 1, "batch_size": 8}), corpus, tmp_path, one)
    # The last batch is not whole, and accelerate fills it up by repeating rows.
    assert two[:4] == pytest.approx([step.loss for step in one][:4], abs=1e-4)
    assert (tmp_path / "two/student/README.md").exists()
