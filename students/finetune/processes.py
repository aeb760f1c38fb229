"""Several processes that train one student: what they share at its end, and how they part."""

from __future__ import annotations

import atexit
from functools import cache

from accelerate.utils import broadcast_object_list
from torch import distributed

from students.result import TrainResult


def tell_all(result: TrainResult | None) -> TrainResult:
    """The first process's result, on all of them."""
    # The others have no result of their own, and `train` returns on all of them.
    shared: list[TrainResult] = broadcast_object_list([result])
    return shared[0]


@cache
def part_at_exit() -> None:
    """Closes this process's connections to the others when it ends, and not before: it may train once more.

    Nobody else does, and a process that ends with gloo's threads running may be aborted (SIGABRT) when all is written:
    4 of 12 runs of two processes on torch 2.13 that did no more than add up a tensor, none of 12 with this.
    """
    atexit.register(_part)


def _part() -> None:
    # Not every build of torch has it, and most trainings have one process.
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
