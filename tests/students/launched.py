"""Trainings in two processes, as `accelerate launch` and `torchrun` start them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from safetensors.torch import load_file

from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
from students.result import Progress
from tests.students.kills import command

FSDP = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "true",
    "FSDP_SYNC_MODULE_STATES": "true",
}
"""What `accelerate launch --use_fsdp --fsdp_version 2 --fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP` sets."""


def launch(
    config: StudentConfig, corpus: Path, place: Path, step: int = -1, environment: dict[str, str] | None = None
) -> list[float]:
    """The loss of each step of two processes; they are killed at `step`, or never. Sharded where `environment` asks."""
    place.mkdir(exist_ok=True)
    python, _, module, *arguments = command(config, corpus, place, step)
    if environment:
        module = "tests.students.sharded_on_cpu"
    options = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", module]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})}
    done = subprocess.run([python, *options, *arguments], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (step < 0), done.stderr[-4000:]
    return [float(line.split()[-1]) for line in done.stdout.splitlines() if line.startswith("loss")]


def alone(config: StudentConfig, corpus: Path, place: Path) -> list[float]:
    """The same of one process."""
    heard: list[Progress] = []
    train(
        Job(config, corpus=corpus, base=config.base, out=place / "student", work=place / "w"), on_progress=heard.append
    )
    return [step.loss for step in heard]


def farthest(one: Path, other: Path) -> float:
    """The largest difference between two students' weights."""
    weights, others = (load_file(place / "student/model.safetensors") for place in (one, other))
    assert weights.keys() == others.keys()
    return max((weights[name] - others[name]).abs().max().item() for name in weights)
