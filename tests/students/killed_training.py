"""Trains and kills itself, as `kill -9` does, once it reaches a step: CONFIG CORPUS BASE OUT WORK STEP [TEACHER]."""

import os
import signal
import sys
from pathlib import Path

import torch

from students.config import StudentConfig
from students.finetune.train import train
from students.job import Job
from students.result import Progress


def main(config: str, corpus: str, base: str, out: str, work: str, step: str, teacher: str | None = None) -> None:
    def die(progress: Progress) -> None:
        print("loss", progress.loss, flush=True)
        if progress.step == int(step):
            os.kill(os.getpid(), signal.SIGKILL)

    torch.set_num_threads(1)
    train(
        Job(
            StudentConfig.model_validate_json(config),
            corpus=Path(corpus),
            base=base,
            out=Path(out),
            work=Path(work),
            teacher=teacher,
        ),
        on_progress=die,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
