"""QLoRA: a base whose linear layers are held in four bits while adapters train beside them (arXiv:2305.14314)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from prompts.errors import MissingExtra


def require_quantisation() -> None:
    """MissingExtra where bitsandbytes is not installed."""
    if find_spec("bitsandbytes") is None:
        raise MissingExtra("student.lora.bits", "qlora")


def quantisation() -> Any:
    """transformers' description: NF4 with quantised scales, computing in bfloat16 where a GPU does, else in float32."""
    from transformers import BitsAndBytesConfig

    require_quantisation()
    compute = torch.float32
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported():
        compute = torch.bfloat16
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )


def is_quantised(model: Any) -> bool:
    """True of a model that is held in four bits, and of adapters on one."""
    return bool(getattr(model, "is_loaded_in_4bit", False))


def without_packing(model: Any) -> Any:
    """The same model, which a validation on a CPU with AVX-512 leaves as it is.

    bitsandbytes 0.50 repacks a layer's weights in its first forward pass without gradients, and the next backward pass
    reads them as if it had not: its gradients are wrong from then on.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
    return model


def train_in_float32(model: Any) -> None:
    """Undoes what TRL does to a quantised base's adapters: at bfloat16 AdamW's small steps would round to none."""
    if is_quantised(model):
        for weights in model.parameters():
            if weights.requires_grad:
                weights.data = weights.data.float()


@torch.no_grad()
def merge_dense(model: Any) -> Any:
    """The adapted model with plain float32 layers: each is its four bits, read, plus its adapter.

    That is what was trained, to the last bit of the loss. peft's own merge quantises the sum once more.
    """
    inner = model.base_model.model
    for name, layer in list(inner.named_modules()):
        if hasattr(layer, "get_base_layer"):
            delta = sum(map(layer.get_delta_weight, layer.active_adapters))
            _replace(inner, name, _dense(layer.get_base_layer(), delta))
    # Those without adapters, such as a head's.
    for name, layer in list(inner.named_modules()):
        if _is_four_bits(layer):
            _replace(inner, name, _dense(layer))
    inner.config.__dict__.pop("quantization_config", None)
    inner.__dict__.pop("hf_quantizer", None)
    inner.is_quantized = inner.is_loaded_in_4bit = False
    return inner.float()


def _is_four_bits(layer: nn.Module) -> bool:
    return hasattr(getattr(layer, "weight", None), "quant_state")


def _dense(layer: Any, delta: Any = 0.0) -> nn.Linear:
    from bitsandbytes.functional import dequantize_4bit

    read = layer.weight.data
    if _is_four_bits(layer):
        read = dequantize_4bit(read, layer.weight.quant_state)
    # On `meta` nothing is allocated for weights that are replaced at once.
    dense = nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None, device="meta")
    dense.weight = nn.Parameter(read.float() + delta)
    if layer.bias is not None:
        dense.bias = nn.Parameter(layer.bias.data.float())
    return dense


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, layer)
