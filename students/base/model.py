"""A student's model: loaded from its base, and saved as a directory that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import AutoModelForCausalLM

from prompts.errors import InputError
from students.base.quantised import is_quantised, merge_dense, quantisation, without_packing
from students.config import Lora

PROJECTION = "feature_projection"
"""The attribute of a student's model that holds the projection of `features` while it trains."""


def load_model(base: str, lora: Lora | None = None, attention: str | None = None) -> Any:
    """The base's weights in float32 (`precision` says what they are multiplied in), or as `lora.bits` says.

    `attention` None takes what the model has of sdpa or eager.

    Raises InputError for a base that transformers cannot load.
    """
    quantised = None
    if lora is not None and lora.bits is not None:
        quantised = quantisation()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base,
            dtype=torch.float32,  # the file's own may be bfloat16, in which AdamW's small steps round to none
            trust_remote_code=False,  # nobody's code runs because a recipe names a model
            attn_implementation=attention,
            quantization_config=quantised,
        )
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be loaded: {error}", path=base, field="student.base") from error
    return without_packing(model)


def adapters(lora: Lora | None) -> LoraConfig | None:
    """peft's description of the adapters; None trains the whole model."""
    if lora is None:
        return None
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
    )


def merged(model: Any) -> Any:
    """The trained model as it is to be saved, adapters merged into the weights they adapt."""
    if is_quantised(model):
        model = merge_dense(model)
    elif hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    remove_projection(model)
    model.config.use_cache = True  # checkpointing activations turns it off, and answers are slow without
    return model


def save_model(model: Any, tokenizer: Any, target: Path) -> None:
    """Writes safetensors, configuration, tokenizer and chat template."""
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def disk_bytes(model: Any) -> int:
    """Counts what a training writes at its peak: three checkpoints and the student.

    The checkpoints are the best, the newest and the one being written. Each holds the trained weights and AdamW's two
    moments, all in float32.
    """
    total: int = sum(weights.numel() for weights in model.parameters())
    trained: int = sum(weights.numel() for weights in model.parameters() if weights.requires_grad)
    return 4 * (3 * 3 * trained + total)


def remove_projection(model: Any) -> None:
    """Takes the projection from a trained student, which does not need it to answer."""
    if hasattr(model, PROJECTION):
        delattr(model, PROJECTION)
