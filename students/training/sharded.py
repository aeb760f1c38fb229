"""FSDP, as `accelerate launch --use_fsdp --fsdp_version 2` asks for it: which trainings it takes, what they come to.

Weights, gradients and moments lie in parts on the processes. transformers and accelerate shard, save and load them;
what is left is a student that one process can merge and write.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from peft import get_peft_model

from prompts.errors import InputError
from students.base.model import adapters, load_model
from students.config import StudentConfig
from students.job import Job
from students.methods.declaration import methods_that


def is_sharding() -> bool:
    """The launcher asks for FSDP.

    accelerate 1.15 grants it on GPUs alone; on CPUs each process holds the whole model all the same.
    """
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def checkpoints_itself() -> bool:
    """FSDP computes activations again, and the trainer must not."""
    return is_sharding() and os.environ.get("FSDP_ACTIVATION_CHECKPOINTING", "false").lower() == "true"


def require_shardable(config: StudentConfig) -> None:
    """InputError where FSDP is asked for, and this training would come out wrong under it, or hang."""
    if not is_sharding():
        return
    if os.environ.get("FSDP_VERSION", "1") != "2":
        raise InputError("FSDP 1 is not supported", remedy="Add --fsdp_version 2 to accelerate launch")
    able = methods_that(lambda declaration: declaration.takes_sharding)
    remedy = f"Launch without --use_fsdp: each process then holds the whole model. FSDP is for {able}, without these"
    field = _unshardable(config)
    if field is not None:
        raise InputError("is not supported under FSDP", field=field, remedy=remedy)


def _unshardable(config: StudentConfig) -> str | None:
    """The first setting that FSDP would get wrong, or hang at."""
    if not config.declaration.takes_sharding:
        return f"student.method: {config.method}"
    if config.features is not None:
        return "student.features"
    if config.lora is not None and config.lora.bits is not None:
        return "student.lora.bits"
    return None


def find_the_best(trainer: Any) -> None:
    """Makes a sharded training keep the best checkpoint, and all processes load the same one at its end.

    transformers 5.23 looks for a checkpoint's folder before sharded weights are written there: without it the best one
    passes for the one before, or is another in each process, which then wait for each other for ever.
    """
    save_model = trainer.save_model

    def save(output_dir: str | None = None, **options: Any) -> None:
        Path(output_dir or trainer.args.output_dir).mkdir(parents=True, exist_ok=True)
        save_model(output_dir, **options)

    trainer.save_model = save


def whole_model(trainer: Any, job: Job) -> Any:
    """The trained model in one piece, its adapters beside it, on the first process; all of them must call this.

    On the others of a sharded training None. There a new model is made from the base and takes the gathered weights:
    the sharded one cannot be put together in place.
    """
    if not trainer.is_fsdp_enabled:
        return trainer.accelerator.unwrap_model(trainer.model)
    weights = trainer.accelerator.get_state_dict(trainer.model)
    if not trainer.is_world_process_zero():
        return None
    model = load_model(job.base)
    described = adapters(job.config.lora)
    if described is not None:
        model = get_peft_model(model, described)  # the gathered names are those of the adapted model
    model.load_state_dict(weights)
    return model
