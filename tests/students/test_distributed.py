"""The same training in two processes, as `accelerate launch` and `torchrun` start it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from students.config import StudentConfig
from students.result import Progress
from students.train import train


@pytest.mark.slow
def test_two_processes_train_what_one_does(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), epochs=1, learning_rate=5e-3, batch_size=4)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m"]
    script = ["tests.students.killed_training", config.model_dump_json(), str(corpus), str(tiny)]
    places = [str(tmp_path / "two"), str(tmp_path / "work"), "-1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *script, *places], env=environment, capture_output=True, text=True, check=True)
    two = [float(line.split()[-1]) for line in done.stdout.splitlines()]
    one: list[Progress] = []
    whole = config.model_copy(update={"batch_size": 8})
    train(whole, corpus=corpus, base=tiny, out=tmp_path / "one", work=tmp_path / "work", on_progress=one.append)
    # The last batch is not whole, and accelerate fills it up by repeating rows.
    assert two[:4] == pytest.approx([step.loss for step in one][:4], abs=1e-4)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}
