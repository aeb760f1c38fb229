"""Which type each tensor of a GGUF file is stored as, and the bytes of it.

The mixes are llama.cpp's own (`llama_tensor_get_type_impl` of src/llama-quant.cpp): matrices in the mix's type, some
that matter more in a finer one, vectors in float32. The bytes come from the package gguf where it has an encoder, and
from ggml's own in xllamacpp for the K types.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, LlamaFileType, quants
from gguf import GGMLQuantizationType as Type

from prompts.errors import StillhouseError

FILE_TYPES = {
    "f16": LlamaFileType.MOSTLY_F16,
    "q8_0": LlamaFileType.MOSTLY_Q8_0,
    "q4_0": LlamaFileType.MOSTLY_Q4_0,
    "q4_k_m": LlamaFileType.MOSTLY_Q4_K_M,
}
PLAIN = {"f16": Type.F16, "q8_0": Type.Q8_0, "q4_0": Type.Q4_0, "q4_k_m": Type.Q4_K}

NARROWER = {Type.Q4_K: Type.Q5_0, Type.Q6_K: Type.Q8_0, Type.Q4_0: Type.F16, Type.Q8_0: Type.F16, Type.Q5_0: Type.F16}
"""Type -> what llama.cpp takes where a row is no multiple of its block: K types have blocks of 256, others of 32."""

K_TYPES = frozenset({Type.Q4_K, Type.Q6_K})


def tensor_type(name: str, shape: tuple[int, ...], mix: str, layers: int, *, tied: bool) -> Type:
    """Returns the type of the tensor of that GGUF name; `tied` where the embedding is the output matrix too."""
    if len(shape) == 1:
        return Type.F32
    kind = PLAIN[mix]
    # The output matrix decides every token, so the 4-bit mixes keep it in 6 bits.
    is_output = name == "output.weight" or (tied and name == "token_embd.weight")
    if mix in ("q4_0", "q4_k_m") and is_output:
        kind = Type.Q6_K
    if mix == "q4_k_m" and _matters_more(name, layers):
        kind = Type.Q6_K
    while shape[-1] % GGML_QUANT_SIZES[kind][0]:
        kind = NARROWER[kind]
    return kind


def encode(weights: Any, kind: Type) -> Any:
    """Encodes a float32 array in that type: float16 or float32 arrays as they are, else uint8 rows."""
    if kind in K_TYPES:
        return _ggml_encode(np.ascontiguousarray(weights, dtype=np.float32), kind)
    return quants.quantize(weights, kind)


def _matters_more(name: str, layers: int) -> bool:
    # use_more_bits() of llama-quant.cpp: the first and last eighth of the layers, and every third between them.
    if not name.endswith(("attn_v.weight", "ffn_down.weight")):
        return False
    index, eighth = int(name.split(".")[1]), layers // 8
    return index < eighth or index >= 7 * layers // 8 or (index - eighth) % 3 == 2


def _ggml_encode(weights: Any, kind: Type) -> Any:
    rows = weights.reshape(-1, weights.shape[-1])
    block, size = GGML_QUANT_SIZES[kind]
    out = np.empty((len(rows), rows.shape[1] // block * size), dtype=np.uint8)
    written = _quantize_chunk()(kind, rows.ctypes.data, out.ctypes.data, 0, len(rows), rows.shape[1], None)
    if written != out.nbytes:
        raise StillhouseError(f"llama.cpp encoded {written} bytes as {kind.name}, not {out.nbytes}")
    return out.reshape(*weights.shape[:-1], out.shape[1])


@cache
def _quantize_chunk() -> Any:
    """ggml_quantize_chunk of ggml.h, which xllamacpp's library offers beside its Python module."""
    from xllamacpp import xllamacpp

    try:
        function = ctypes.CDLL(xllamacpp.__file__).ggml_quantize_chunk
    except (AttributeError, OSError) as error:
        raise StillhouseError(
            "this build of xllamacpp hides ggml's quantiser: export gguf-q8_0, whose encoder is in Python"
        ) from error
    function.restype = ctypes.c_size_t
    numbers, place = ctypes.c_int64, ctypes.c_void_p
    function.argtypes = [ctypes.c_int, place, place, numbers, numbers, numbers, place]
    return function
