"""The mixes, and llama.cpp's own encoders."""

from __future__ import annotations

import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type
from gguf import quants
from hypothesis import given, settings
from hypothesis import strategies as st

from students.export.gguf_types import encode, tensor_type

STEPS = {Type.Q4_K: 15, Type.Q6_K: 63, Type.Q8_0: 255, Type.Q4_0: 15, Type.Q5_0: 31}


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(sorted(STEPS)), st.integers(1, 3), st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_what_is_encoded_comes_back_within_a_step(kind: Type, rows: int, seed: int, scale: float) -> None:
    weights = np.random.default_rng(seed).normal(0, scale, (rows, 512)).astype(np.float32)
    back = quants.dequantize(encode(weights, kind), kind)
    assert back.shape == weights.shape
    # Half a step of the range of all, and as much again for scales that are rounded themselves.
    assert np.abs(back - weights).max() <= 1.05 * (weights.max() - weights.min()) / STEPS[kind]


@pytest.mark.parametrize(
    ("name", "row", "mix", "kind"),
    [
        ("blk.3.attn_norm.weight", None, "q4_k_m", Type.F32),
        ("blk.3.attn_q.weight", 2048, "f16", Type.F16),
        ("blk.3.attn_q.weight", 2048, "q8_0", Type.Q8_0),
        ("blk.3.attn_q.weight", 2048, "q4_k_m", Type.Q4_K),
        ("blk.3.attn_q.weight", 576, "q4_k_m", Type.Q5_0),  # no multiple of 256
        ("blk.3.attn_q.weight", 40, "q8_0", Type.F16),  # no multiple of 32
        ("blk.0.ffn_down.weight", 2048, "q4_k_m", Type.Q6_K),  # the first eighth of 16 layers
        ("blk.2.ffn_down.weight", 2048, "q4_k_m", Type.Q4_K),
        ("blk.4.attn_v.weight", 2048, "q4_k_m", Type.Q6_K),  # every third after it
        ("blk.4.attn_v.weight", 576, "q4_k_m", Type.Q8_0),
        ("blk.15.attn_v.weight", 2048, "q4_k_m", Type.Q6_K),
        ("token_embd.weight", 2048, "q4_0", Type.Q6_K),  # the output matrix too
        ("token_embd.weight", 2048, "q8_0", Type.Q8_0),
    ],
)
def test_the_mixes_are_those_of_llama_cpp(name: str, row: int | None, mix: str, kind: Type) -> None:
    shape = (64,) if row is None else (64, row)
    assert tensor_type(name, shape, mix, 16, tied=True) is kind


def test_an_embedding_that_is_no_output_is_plain() -> None:
    assert tensor_type("token_embd.weight", (9, 2048), "q4_k_m", 16, tied=False) is Type.Q4_K
    assert tensor_type("output.weight", (9, 2048), "q4_k_m", 16, tied=False) is Type.Q6_K
