"""The sizes of a base, from its configuration and its files' headers: no weights are read, and no torch."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from students.base.gguf_header import read_header

LAYERS = ("layers.", "h.", "blk.", "blocks.")
"""In the name of a decoder layer's tensor: transformers' families, GPT-2's, GGUF's, and some others'."""


@dataclass(slots=True, frozen=True)
class Architecture:
    """A decoder of L layers; H hidden, I intermediate, A attention (heads x size), G key and value heads x size."""

    layers: int
    hidden: int
    intermediate: int
    attention: int
    key_value: int
    vocabulary: int
    parameters: int
    layer_parameters: int
    """Of one decoder layer: nearly all are in linear maps."""


def read_architecture(base: Path) -> Architecture | None:
    """Of a model directory or a GGUF file; None where its files do not say."""
    try:
        if base.is_file():
            sizes, tensors = _of_gguf(base)
        else:
            sizes, tensors = _of_directory(base)
        layered = 0
        for name, size in tensors.items():
            if any(part in name for part in LAYERS):
                layered += size
        return Architecture(**sizes, parameters=sum(tensors.values()), layer_parameters=layered // sizes["layers"])
    # A plan goes on without the sizes, whatever a file holds in their place.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, struct.error):
        return None


def _of_directory(base: Path) -> tuple[dict[str, int], dict[str, int]]:
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config = config.get("text_config", config)  # of a model that reads pictures too
    heads = config["num_attention_heads"]
    head = config.get("head_dim") or config["hidden_size"] // heads
    sizes = {
        "layers": config["num_hidden_layers"],
        "hidden": config["hidden_size"],
        "intermediate": config["intermediate_size"],
        "attention": heads * head,
        "key_value": config.get("num_key_value_heads", heads) * head,
        "vocabulary": config["vocab_size"],
    }
    tensors: dict[str, int] = {}
    for file in base.glob("*.safetensors"):
        tensors |= _safetensors(file)
    return sizes, tensors


def _safetensors(file: Path) -> dict[str, int]:
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header: Mapping[str, Any] = json.loads(opened.read(length))
    return {name: prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"}


def _of_gguf(file: Path) -> tuple[dict[str, int], dict[str, int]]:
    metadata, tensors = read_header(file)
    name = metadata["general.architecture"]
    hidden, heads = metadata[f"{name}.embedding_length"], metadata[f"{name}.attention.head_count"]
    head = metadata.get(f"{name}.attention.key_length") or hidden // heads
    sizes = {
        "layers": metadata[f"{name}.block_count"],
        "hidden": hidden,
        "intermediate": metadata[f"{name}.feed_forward_length"],
        "attention": heads * head,
        "key_value": metadata.get(f"{name}.attention.head_count_kv", heads) * head,
        "vocabulary": metadata.get(f"{name}.vocab_size") or tensors["token_embd.weight"] // hidden,
    }
    return sizes, tensors
