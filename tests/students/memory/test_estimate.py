"""The estimate of a training's memory beside what a real one takes, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from students.base.architecture import read_architecture
from students.config import Lora, StudentConfig
from students.memory.device import find_device
from students.memory.estimate import needed
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
