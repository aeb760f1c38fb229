from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from prompts.errors import InputError
from students.base.layers import kept_layers
from students.quiet import quiet
from students.shrink.depth import keep_layers, most_important

SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 7,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


def shrunk(model: Any, tmp_path: Path) -> Any:
    """Shrunk, saved and loaded."""
    keep_layers(model, kept_layers(7, 3))
    with quiet():
        model.save_pretrained(tmp_path)
        return AutoModelForCausalLM.from_pretrained(tmp_path).eval()


def test_a_shrunk_model_survives_saving_and_caches_as_it_computes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**SIZES)).eval()
    loaded = shrunk(model, tmp_path)
    assert loaded.num_parameters() == model.num_parameters()
    ids_BT = torch.randint(0, 50, (2, 9))
    with torch.no_grad():
        whole = loaded(ids_BT).logits
        first = loaded(ids_BT[:, :5], use_cache=True)
        rest = loaded(ids_BT[:, 5:], past_key_values=first.past_key_values, use_cache=True).logits
        torch.testing.assert_close(whole, model(ids_BT).logits)
    torch.testing.assert_close(torch.cat([first.logits, rest], dim=1), whole)
    assert len(first.past_key_values.layers) == 3


def test_the_layers_that_stay_are_the_base_s_own() -> None:
    model = LlamaForCausalLM(LlamaConfig(**SIZES))
    expected = [model.model.layers[index].mlp.up_proj.weight for index in (0, 3, 6)]
    keep_layers(model, kept_layers(7, 3))
    assert all(layer.mlp.up_proj.weight is weight for layer, weight in zip(model.model.layers, expected, strict=True))


def test_lists_with_one_entry_per_layer_shrink_too(tmp_path: Path) -> None:
    kinds = ["full_attention"] * 6 + ["sliding_attention"]
    config = Qwen2Config(**SIZES, layer_types=kinds, use_sliding_window=True, sliding_window=4)
    loaded = shrunk(Qwen2ForCausalLM(config), tmp_path)
    assert loaded.config.layer_types == ["full_attention", "full_attention", "sliding_attention"]


def test_a_model_without_a_list_of_layers_is_refused() -> None:
    model = LlamaForCausalLM(LlamaConfig(**SIZES))
    model.config.num_hidden_layers = 99
    with pytest.raises(InputError, match="no list of 99 layers"):
        keep_layers(model, [0])


def test_a_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"there is no layer 7. The base has 7 layers, 0 to 6"):
        keep_layers(LlamaForCausalLM(LlamaConfig(**SIZES)), [0, 7])


def test_the_most_important_stay_in_the_model_s_order() -> None:
    assert most_important([3, 1, 2, 1], keep=3) == [0, 1, 2]
