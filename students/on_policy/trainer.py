"""TRL's DistillationTrainer, with a validation loss that can be compared from step to step."""

from __future__ import annotations

from typing import Any

import torch
from trl import DistillationTrainer

from students.quiet import Unreported


class OnPolicyTrainer(Unreported, DistillationTrainer):  # type: ignore[misc]  # trl is untyped
    """DistillationTrainer whose validation draws its answers from the same random numbers each time.

    So that the best step is not the luckiest one, and that training draws the same answers however often it is
    watched.
    """

    def evaluation_loop(self, *arguments: Any, **options: Any) -> Any:
        """As the trainer's, from the config's seed; the random state is put back afterwards."""
        devices = []  # of a CPU the random state is kept always
        if self.args.device.type == "cuda":
            devices.append(self.args.device)
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self.args.seed + self.args.process_index)
            return super().evaluation_loop(*arguments, **options)
