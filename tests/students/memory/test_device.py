"""What follows from a device and a base's sizes, with devices that this machine does not have."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from prompts.packaged import packaged_model
from students.base.architecture import Architecture, read_architecture
from students.config import Features, Lora, Shrink, StudentConfig
from students.memory.device import Device, choose_settings, find_device
from students.memory.estimate import needed, would_fit

GB = 10**9
SMOL = Architecture(30, 576, 1536, 576, 192, 49152, 134_515_008, 3_540_096)
CPU = Device("CPU", "cpu", 24 * GB)
H100 = Device("H100", "cuda", 80 * GB, bf16=True, flash=True)
CONFIG = StudentConfig(base="smollm2-135m")
GREEDY = StudentConfig(base="smollm2-135m", batch_size=64, max_length=4096)


def test_a_cpu_gets_float32_sdpa_and_rows_of_like_length() -> None:
    settings = choose_settings(CONFIG, CPU, checkpointing=False)
    assert settings.words == "float32, sdpa, rows of like length together"


def test_a_cpu_with_the_instructions_for_it_gets_bfloat16_but_for_four_bits() -> None:
    fast = Device("CPU", "cpu", 24 * GB, bf16=True)
    assert choose_settings(CONFIG, fast, checkpointing=False).words.startswith("bfloat16, sdpa")
    exact = CONFIG.model_copy(update={"precision": "float32"})
    assert not choose_settings(exact, fast, checkpointing=False).bf16
    assert choose_settings(CONFIG.model_copy(update={"precision": "bfloat16"}), CPU, checkpointing=False).bf16
    assert not choose_settings(CONFIG.model_copy(update={"lora": Lora(bits=4)}), fast, checkpointing=False).bf16


def test_a_gpu_gets_bfloat16_and_flash_attention_without_padding_where_the_method_takes_it() -> None:
    settings = choose_settings(CONFIG, H100, checkpointing=False)
    assert settings.words == "bfloat16, flash attention, rows without padding"
    assert not choose_settings(CONFIG.model_copy(update={"method": "distill"}), H100, checkpointing=False).padding_free
    featured = CONFIG.model_copy(update={"features": Features(teacher="x")})
    assert not choose_settings(featured, H100, checkpointing=False).padding_free
    old = Device("V100", "cuda", 16 * GB)
    assert choose_settings(CONFIG, old, checkpointing=False).words == "float32, sdpa, rows of like length together"


def test_activations_are_computed_again_only_where_memory_asks_for_it() -> None:
    assert not needed(CONFIG, SMOL, H100).settings.activation_checkpointing
    small = Device("small", "cuda", 12 * GB, bf16=True)
    need = needed(CONFIG.model_copy(update={"batch_size": 32}), SMOL, small)
    assert need.settings.activation_checkpointing
    assert need.fits


def test_what_does_not_fit_is_told_what_would() -> None:
    assert not needed(GREEDY, SMOL, CPU, answer_tokens=8).fits
    found = would_fit(GREEDY, SMOL, CPU, answer_tokens=8)
    assert found[0].startswith("batch_size: 32, accumulation: 2") or found[0].startswith("batch_size: 1,")
    assert would_fit(GREEDY, SMOL, Device("none", "cpu", GB // 2)) == []


@given(rows=some.integers(1, 64), length=some.integers(8, 4096), rank=some.integers(1, 64))
def test_more_rows_and_longer_ones_need_more_and_adapters_less(rows: int, length: int, rank: int) -> None:
    config = StudentConfig(base="b", batch_size=rows, max_length=length)
    huge = Device("huge", "cuda", 10**15, bf16=True)
    plain = needed(config, SMOL, huge).memory.total
    few = config.model_copy(update={"batch_size": 1})  # adapters save activations of their own: many tokens undo it
    adapted = few.model_copy(update={"lora": Lora(rank=rank)})
    assert needed(adapted, SMOL, huge).memory.total < needed(few, SMOL, huge).memory.total
    assert needed(config.model_copy(update={"shrink": Shrink(every=2)}), SMOL, huge).memory.total < plain
    twice = config.model_copy(update={"batch_size": 2 * rows})
    assert plain < needed(twice, SMOL, huge).memory.total


def test_the_sizes_of_a_gguf_file_and_of_a_directory(tiny: Path) -> None:
    assert read_architecture(packaged_model("smollm2-135m")) == SMOL
    sizes = read_architecture(tiny)
    assert sizes is not None
    assert (sizes.layers, sizes.hidden, sizes.key_value) == (2, 64, 32)
    assert sizes.parameters == sizes.vocabulary * 64 + 2 * sizes.layer_parameters + 64


@pytest.mark.parametrize("config", ["", "[]", json.dumps({"hidden_size": 64})])
def test_files_that_do_not_say_are_no_error(config: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(config)
    assert read_architecture(tmp_path) is None
    assert read_architecture(tmp_path / "config.json") is None


def test_this_machine_has_a_device() -> None:
    assert find_device().memory_bytes > GB // 2
