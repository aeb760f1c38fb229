"""A student as a GGUF file that llama.cpp loads: Llama, SmolLM2, Mistral and Qwen2 with byte-level BPE.

llama.cpp's convert_hf_to_gguf.py is a script of its repository and in no package that its authors publish. The format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Tensor names and keys are the package gguf's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, GGUFWriter, get_tensor_name_map
from gguf.constants import MODEL_ARCH, MODEL_ARCH_NAMES, GGMLQuantizationType

from prompts.errors import InputError
from students.export.gguf_tokenizer import add_tokenizer
from students.export.gguf_types import FILE_TYPES, encode, tensor_type

ARCHITECTURES = {
    "LlamaForCausalLM": MODEL_ARCH.LLAMA,
    "MistralForCausalLM": MODEL_ARCH.LLAMA,
    "Qwen2ForCausalLM": MODEL_ARCH.QWEN2,
}
QUANTIZATION_VERSION = 2  # GGML_QNT_VERSION of ggml.h


@dataclass(slots=True, frozen=True)
class Tensor:
    """One tensor of the file, its numbers read when they are written."""

    name: str
    kind: GGMLQuantizationType
    shape: tuple[int, ...]
    read: Callable[[], Any]
    """The weights, float32."""


def write_gguf(student: Path, target: Path, mix: str) -> None:
    """Writes the model directory `student` as the file `target`, in one of the mixes of gguf_types.FILE_TYPES.

    One tensor is in memory at a time. InputError for an architecture, a rope scaling or a tokenizer without words here.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(student, trust_remote_code=False)
    arch = _architecture(config, student)
    writer = GGUFWriter(target, MODEL_ARCH_NAMES[arch])
    _add_shape(writer, config, arch, student)
    writer.add_file_type(FILE_TYPES[mix])
    writer.add_quantization_version(QUANTIZATION_VERSION)
    add_tokenizer(writer, student, config.vocab_size)
    with _weights(student) as weights:
        _write(writer, list(_tensors(weights, config, arch, mix, student)))


def _write(writer: GGUFWriter, tensors: list[Tensor]) -> None:
    # The header names every tensor's place before any number is written, so sizes are needed first.
    for tensor in tensors:
        block, size = GGML_QUANT_SIZES[tensor.kind]
        nbytes = math.prod(tensor.shape) // block * size
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), nbytes, tensor.kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in tensors:
        writer.write_tensor_data(encode(tensor.read(), tensor.kind))
    writer.close()


def _architecture(config: Any, student: Path) -> MODEL_ARCH:
    name = (config.architectures or [""])[0]
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise InputError(f"no GGUF writer for {name or config.model_type}", path=student, remedy=f"It knows {known}")
    if getattr(config, "use_sliding_window", name == "MistralForCausalLM") and getattr(config, "sliding_window", None):
        raise InputError("no GGUF writer for sliding windows", path=student, remedy="Export onnx instead")
    return ARCHITECTURES[name]


def _add_shape(writer: GGUFWriter, config: Any, arch: MODEL_ARCH, student: Path) -> None:
    rope = config.rope_parameters
    if rope.get("rope_type", "default") not in ("default", "llama3"):
        raise InputError(f"no GGUF writer for the rope scaling '{rope['rope_type']}'", path=student)
    if getattr(config, "hidden_act", "silu") != "silu":
        raise InputError(f"no GGUF writer for the activation '{config.hidden_act}'", path=student)
    writer.add_type("model")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    if arch is MODEL_ARCH.LLAMA:
        writer.add_rope_dimension_count(_head_size(config))
    # llama.cpp takes hidden size / heads where no length is given.
    if _head_size(config) * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(_head_size(config))
        writer.add_value_length(_head_size(config))


def _tensors(weights: dict[str, Any], config: Any, arch: MODEL_ARCH, mix: str, student: Path) -> Iterator[Tensor]:
    names, tied = get_tensor_name_map(arch, config.num_hidden_layers), bool(config.tie_word_embeddings)
    for source, open_slice in weights.items():
        if tied and source == "lm_head.weight":
            continue  # llama.cpp takes the embedding where there is no output matrix
        name = names.get_name(source, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise InputError(f"no GGUF name for the tensor {source}", path=student)
        shape = tuple(open_slice().get_shape())
        kind = tensor_type(name, shape, mix, config.num_hidden_layers, tied=tied)
        yield Tensor(name, kind, shape, _reader(source, open_slice, config, arch))
    if config.rope_parameters.get("rope_type") == "llama3":
        factors = _llama3_factors(config)
        yield Tensor("rope_freqs.weight", GGMLQuantizationType.F32, factors.shape, lambda: factors)


def _reader(source: str, open_slice: Callable[[], Any], config: Any, arch: MODEL_ARCH) -> Callable[[], Any]:
    # Llama's rotary pairs are neighbours in llama.cpp, Qwen's are halves as in transformers.
    heads = None
    if arch is MODEL_ARCH.LLAMA and ".q_proj." in source:
        heads = config.num_attention_heads
    elif arch is MODEL_ARCH.LLAMA and ".k_proj." in source:
        heads = config.num_key_value_heads

    def read() -> Any:
        array = open_slice()[:].float().numpy()
        if heads is None:
            return array
        return _interleaved(array, heads)

    return read


def _interleaved(array: Any, heads: int) -> Any:
    """Rows of each head from halves (transformers' rotary pairs i, i + D/2) to neighbours (llama.cpp's 2i, 2i + 1)."""
    halves = array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(array.shape))


def _llama3_factors(config: Any) -> Any:
    """Returns what llama.cpp divides each rotary frequency by, [D/2]: transformers' own scaling against none.

    Formula: _compute_llama3_parameters of transformers.modeling_rope_utils.
    """
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    size = _head_size(config)
    plain = config.rope_parameters["rope_theta"] ** -(np.arange(0, size, 2, dtype=np.float64) / size)
    return (plain / scaled.numpy()).astype(np.float32)


def _head_size(config: Any) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


@contextmanager
def _weights(student: Path) -> Iterator[dict[str, Callable[[], Any]]]:
    """Name -> a function that opens the tensor without reading it, over all safetensors of the directory."""
    from safetensors import safe_open

    with ExitStack() as stack:
        weights: dict[str, Callable[[], Any]] = {}
        for file in sorted(student.glob("*.safetensors")):
            opened = stack.enter_context(safe_open(file, framework="pt"))
            for name in opened.keys():  # noqa: SIM118  # a handle of safetensors is no dict
                weights[name] = partial(opened.get_slice, name)
        yield weights
