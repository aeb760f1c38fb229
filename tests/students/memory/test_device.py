"""What follows from a device and a base's sizes, with devices that this machine does not have."""

from students.config import Features, Lora
from students.memory.device import Device, choose_settings, find_device
from tests.students.memory.samples import CONFIG, CPU, GB, H100


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


def test_this_machine_has_a_device() -> None:
    assert find_device().memory_bytes > GB // 2
