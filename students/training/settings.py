"""A student's config in TRL's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from trl import SFTConfig

from students.base.architecture import read_architecture
from students.config import StudentConfig
from students.memory.device import Device, Settings, choose_settings, cpu, has_flash_attention
from students.memory.estimate import needed
from students.training.sharded import checkpoints_itself

SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
ONLY_AT_THE_END = 10**9
"""Steps between two evaluations where one at the end, which the trainer always makes, is enough."""


def training_arguments(config: StudentConfig, work: Path) -> SFTConfig:
    """Says the config in SFTTrainer's words."""
    return SFTConfig(
        **common_arguments(config, work),
        max_length=None,  # rows arrive encoded, and none is too long
        packing=False,  # a packed row would count as one in a batch, and the loss depend on what shares it
        padding_free=choose_settings(config, device_of_torch(), checkpointing=False).padding_free,
        include_num_input_tokens_seen="non_padding",
    )


def common_arguments(config: StudentConfig, work: Path) -> dict[str, Any]:
    """Says what every trainer is told; the same numbers on a CPU, a GPU and under `accelerate launch`."""
    return {
        "output_dir": str(work),
        "num_train_epochs": config.epochs,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": SCHEDULES[config.schedule],
        "warmup_steps": config.warmup_ratio,  # below 1 it is a share of the steps
        "weight_decay": config.weight_decay,
        "per_device_train_batch_size": config.batch_size,
        "per_device_eval_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.accumulation,
        "seed": config.seed,
        "train_sampling_strategy": "sequential",  # students.corpus.order has shuffled them
        "ddp_find_unused_parameters": False,  # every weight takes part in every step
        **_device(config),
        **_watching(config),
    }


def _device(config: StudentConfig) -> dict[str, Any]:
    device = device_of_torch()
    bf16 = choose_settings(config, device, checkpointing=False).bf16
    return {"use_cpu": device.kind == "cpu", "bf16": bf16, "activation_checkpointing": False}


def device_of_torch() -> Device:
    """Finds what torch trains on; `students.memory.device.find_device` does so without it."""
    if not torch.cuda.is_available():
        return cpu()
    about = torch.cuda.get_device_properties(0)  # all GPUs are taken to be alike
    able = torch.cuda.is_bf16_supported()
    flash = able and has_flash_attention()
    return Device(about.name, "cuda", about.total_memory, torch.cuda.device_count(), able, flash)


def settings_for(config: StudentConfig, base: str, longest: int | None = None) -> Settings:
    """Chooses how this process's device trains a prepared base, which is shrunk already where the recipe says so.

    `longest` is the longest row's tokens; None where it may be of `max_length`.
    """
    if longest is not None and config.declaration.keeps_row_lengths:
        config = config.model_copy(update={"max_length": longest})
    device, sizes = device_of_torch(), read_architecture(Path(base))
    if sizes is None:
        return choose_settings(config, device, checkpointing=device.kind == "cuda")
    return needed(config.model_copy(update={"shrink": None}), sizes, device).settings


def use_settings(arguments: Any, settings: Settings) -> None:
    """Tells the trainer what depends on the base's size, and that each process has one device.

    transformers takes all the GPUs that one process sees, by DataParallel: a batch would then be as many times larger,
    and its loss another. Several are used by `accelerate launch`.
    """
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    again = settings.activation_checkpointing and not checkpoints_itself()
    arguments.activation_checkpointing = arguments.gradient_checkpointing = again


def _watching(config: StudentConfig) -> dict[str, Any]:
    steps = config.eval_every / config.epochs  # below 1 it is a share of the steps
    if steps >= 1:
        steps = ONLY_AT_THE_END
    return {
        "eval_strategy": "steps",
        "eval_steps": steps,
        "prediction_loss_only": True,
        "save_strategy": "steps",
        "save_steps": steps,
        "save_total_limit": 2,  # the best one and the newest
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
        "greater_is_better": False,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # it would show the last finite loss instead
        "report_to": "none",
        "disable_tqdm": True,
        "log_level_replica": "error",
    }
