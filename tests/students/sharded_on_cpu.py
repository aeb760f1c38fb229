"""`killed_training` under FSDP on CPUs: all of it is torch's, accelerate's and transformers' own, but for one line.

AcceleratorState of accelerate 1.15 (state.py, beside `DistributedType.MULTI_GPU`) grants FSDP to GPUs and their like,
and passes over MULTI_CPU without a word; torch shards on CPUs over gloo.
"""

import sys
from typing import Any

from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType

from tests.students import killed_training

prepare = AcceleratorState.__init__


def with_cpus(self: Any, *arguments: Any, fsdp_plugin: Any = None, **options: Any) -> None:
    prepare(self, *arguments, fsdp_plugin=fsdp_plugin, **options)
    if fsdp_plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
        self.fsdp_plugin = fsdp_plugin
        self.distributed_type = PartialState._shared_state["distributed_type"] = DistributedType.FSDP


if __name__ == "__main__":
    AcceleratorState.__init__ = with_cpus  # the line
    killed_training.main(*sys.argv[1:])
