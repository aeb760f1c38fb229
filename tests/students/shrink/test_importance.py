"""The influence of each layer, beside the hidden states that transformers gives."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch.nn.functional import cosine_similarity
from transformers import LlamaConfig, LlamaForCausalLM

from students.shrink.importance import block_influence

ROWS = [{"input_ids": ids, "labels": ids} for ids in ([1, 2, 3, 4, 5], [6, 7], [8])]


def small_model() -> Any:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2, "num_key_value_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=16, num_hidden_layers=3, **sizes)).eval()


def test_it_is_one_less_the_cosine_over_all_tokens() -> None:
    model = small_model()
    layers = model.model.layers
    sums = [0.0] * len(layers)
    outputs: list[torch.Tensor] = []
    hooks = [layer.register_forward_hook(lambda _, __, output: outputs.append(_first(output))) for layer in layers]
    for row in ROWS:
        outputs.clear()
        ids = torch.tensor([row["input_ids"]])
        with torch.no_grad():
            model.model(input_ids=ids, use_cache=False)
        states = [model.model.embed_tokens(ids).detach(), *outputs]
        for at, (before, after) in enumerate(itertools.pairwise(states)):
            sums[at] += float((1 - cosine_similarity(before, after, dim=-1)).sum())
    for hook in hooks:
        hook.remove()
    assert block_influence(model, layers, ROWS, pad=0) == pytest.approx([total / 8 for total in sums], abs=1e-5)


def test_a_layer_that_does_nothing_has_none_and_no_hook_stays() -> None:
    model = small_model()
    layer = model.model.layers[1]
    with torch.no_grad():
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    influence = block_influence(model, model.model.layers, ROWS, pad=0)
    assert influence[1] == pytest.approx(0, abs=1e-6)
    assert min(influence[0], influence[2]) > 1e-6
    assert not any(layer._forward_hooks for layer in model.model.layers)


def _first(output: Any) -> torch.Tensor:
    first: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return first
