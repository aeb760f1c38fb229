"""The estimate of a training's memory beside what a real one takes, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from students.base.architecture import read_architecture
from students.config import Lora, Shrink, StudentConfig
from students.memory.device import Device, find_device
from students.memory.estimate import needed, would_fit
from tests.students.memory.samples import CONFIG, CPU, GB, H100, SMOL
from tests.students.samples import corpus_rows, write_rows

SCRIPT = """
import resource, sys
from pathlib import Path
from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
config, corpus, base, out = sys.argv[1:]
config, work = StudentConfig.model_validate_json(config), Path(out + "-work")
train(Job(config, corpus=Path(corpus), base=base, out=Path(out), work=work))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("lora", [None, Lora(), Lora(dropout=0.1)], ids=["whole", "lora", "dropout"])
def test_the_estimate_is_within_a_fifth_of_the_peak(
    prepared: Path, tmp_path: Path, lora: Lora | None, precision: Literal["float32", "bfloat16"]
) -> None:
    rows = corpus_rows(14)
    for row in rows:
        row["prompt"][0]["content"] += " again" * 190
    corpus = write_rows(tmp_path / "kept.parquet", rows)
    sizes = {"epochs": 1, "batch_size": 4, "max_length": 256, "eval_every": 1}
    config = StudentConfig.model_validate({"base": "smollm2-135m", "lora": lora, "precision": precision, **sizes})
    command = [
        sys.executable,
        "-c",
        SCRIPT,
        config.model_dump_json(),
        str(corpus),
        str(prepared),
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = int(done.stdout.split()[-1])
    base = read_architecture(prepared)
    assert base is not None
    estimate = needed(config, base, find_device(), answer_tokens=4).memory.total
    print(f"measured {peak / 1e9:.2f} GB, estimated {estimate / 1e9:.2f} GB")
    assert 4 / 5 * peak < estimate < 6 / 5 * peak


GREEDY = StudentConfig(base="smollm2-135m", batch_size=64, max_length=4096)


def test_activations_are_computed_again_only_where_memory_asks_for_it() -> None:
    assert not needed(CONFIG, SMOL, H100).settings.activation_checkpointing
    small = Device("small", "cuda", 12 * GB, bf16=True)
    need = needed(CONFIG.model_copy(update={"batch_size": 32}), SMOL, small)
    assert need.settings.activation_checkpointing
    assert need.fits


def test_what_does_not_fit_is_told_what_would() -> None:
    assert not needed(GREEDY, SMOL, CPU, answer_tokens=8).fits
    found = would_fit(GREEDY, SMOL, CPU, answer_tokens=8)
    assert found[0].startswith("batch_size: 32, accumulation: 2") or found[0].startswith("batch_size: 1,")
    assert would_fit(GREEDY, SMOL, Device("none", "cpu", GB // 2)) == []


@given(rows=some.integers(1, 64), length=some.integers(8, 4096), rank=some.integers(1, 64))
def test_more_rows_and_longer_ones_need_more_and_adapters_less(rows: int, length: int, rank: int) -> None:
    config = StudentConfig(base="b", batch_size=rows, max_length=length)
    huge = Device("huge", "cuda", 10**15, bf16=True)
    plain = needed(config, SMOL, huge).memory.total
    few = config.model_copy(update={"batch_size": 1})  # adapters save activations of their own: many tokens undo it
    adapted = few.model_copy(update={"lora": Lora(rank=rank)})
    assert needed(adapted, SMOL, huge).memory.total < needed(few, SMOL, huge).memory.total
    assert needed(config.model_copy(update={"shrink": Shrink(every=2)}), SMOL, huge).memory.total < plain
    twice = config.model_copy(update={"batch_size": 2 * rows})
    assert plain < needed(twice, SMOL, huge).memory.total
