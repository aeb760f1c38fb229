"""The size of a model, read from its files' headers: no torch, no weights in memory."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prompts.errors import InputError, MissingExtra

MAX_HEADER_BYTES = 100_000_000  # the limit of the safetensors format itself


@dataclass(slots=True, frozen=True)
class Size:
    """Parameters, and bytes of the weight files; None where nobody outside knows, as for a hosted model."""

    parameters: int | None = None
    bytes: int | None = None


HOSTED = Size()


def measure(path: Path | None) -> Size:
    """Measures a .gguf file or a directory of safetensors; None is a hosted model."""
    if path is None:
        return HOSTED
    if path.suffix == ".gguf":
        return _measure_gguf(path)
    return _measure_safetensors(path)


def _measure_safetensors(folder: Path) -> Size:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise InputError("holds no .safetensors file", path=folder, remedy="Give a model directory or a .gguf file")
    shapes: dict[str, list[int]] = {}
    for file in files:
        shapes |= _read_shapes(file)
    if _ties_embeddings(folder):
        shapes.pop("lm_head.weight", None)  # some writers store the shared matrix under both names
    parameters = sum(math.prod(shape) for shape in shapes.values())
    return Size(parameters, sum(file.stat().st_size for file in files))


def _read_shapes(path: Path) -> dict[str, list[int]]:
    """Returns tensor name -> shape. A file is: header length (uint64, little endian), JSON header, data."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > MAX_HEADER_BYTES:  # a file that is none may begin with any number
                raise ValueError("its header is too long")
            header: dict[str, Any] = json.loads(file.read(length))
        return {name: tensor["shape"] for name, tensor in header.items() if name != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise InputError(f"is not a safetensors file: {error}", path=path) from error


def _ties_embeddings(folder: Path) -> bool:
    config = folder / "config.json"
    return config.is_file() and bool(json.loads(config.read_text(encoding="utf-8")).get("tie_word_embeddings"))


def _measure_gguf(path: Path) -> Size:
    try:
        import gguf
    except ImportError:
        raise MissingExtra("counting the parameters of a .gguf file", "train") from None
    try:
        tensors = gguf.GGUFReader(path).tensors
    except ValueError as error:
        raise InputError(f"is not a GGUF file: {error}", path=path) from error
    return Size(sum(int(tensor.n_elements) for tensor in tensors), path.stat().st_size)
