"""Finds the device of a training, and says what follows from it. Light: no torch, so that a plan can ask too."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from students.config import StudentConfig

CPU_FACTS = Path("/proc/cpuinfo")
CPU_BF16 = frozenset({"avx512_bf16", "amx_bf16"})
"""Instructions that multiply bfloat16. Without them a CPU is slower in it than in float32."""
CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
ASK_GPUS = ("nvidia-smi", "--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits")
MIB = 2**20
BF16_SINCE = 8.0
"""The compute capability (Ampere) from which a GPU has bfloat16, and flash attention runs."""


@dataclass(slots=True, frozen=True)
class Device:
    """One of the devices of a training; all are alike."""

    name: str
    kind: Literal["cpu", "cuda"]
    memory_bytes: int
    """All that it has: what other programs hold of it is not taken off."""
    count: int = 1
    bf16: bool = False
    """Whether it multiplies matrices in bfloat16 at speed."""
    flash: bool = False
    """Whether flash attention is installed and runs on it."""


@dataclass(slots=True, frozen=True)
class Settings:
    """A training's use of its device."""

    bf16: bool
    attention: Literal["sdpa", "flash_attention_2"]
    padding_free: bool
    """A batch's rows are one sequence without padding; only flash attention keeps them apart at no cost."""
    activation_checkpointing: bool
    """Activations are computed again in the backward pass: about a third more work for a fraction of the memory."""

    @property
    def words(self) -> str:
        """As a plan says it."""
        parts = ["float32", "sdpa", "rows of like length together"]
        if self.bf16:
            parts[0] = "bfloat16"
        if self.attention == "flash_attention_2":
            parts[1] = "flash attention"
        if self.padding_free:
            parts[2] = "rows without padding"
        if self.activation_checkpointing:
            parts.append("activation checkpointing")
        return ", ".join(parts)


def choose_settings(config: StudentConfig, device: Device, *, checkpointing: bool) -> Settings:
    """Chooses what `device` allows; `checkpointing` where memory asks for it.

    Rows go without padding where the method takes them so: others lay more than ids in a batch.
    """
    bf16 = config.precision == "bfloat16" or (config.precision == "auto" and device.bf16)
    if device.kind == "cpu" and config.lora is not None and config.lora.bits is not None:
        bf16 = False  # students.base.quantised computes the four bits in float32 there
    flash = device.flash and bf16  # its kernels take no float32
    attention: Literal["sdpa", "flash_attention_2"] = "sdpa"
    if flash:
        attention = "flash_attention_2"
    return Settings(
        bf16=bf16,
        attention=attention,
        padding_free=flash and config.declaration.takes_rows_without_padding and config.features is None,
        activation_checkpointing=checkpointing,
    )


def find_device() -> Device:
    """The GPUs that torch would take where it is built for them, else the CPU."""
    if not _torch_takes_gpus():
        return cpu()
    gpus = _gpus()
    if not gpus:
        return cpu()
    first = gpus[0]
    able = first.capability >= BF16_SINCE
    return Device(first.name, "cuda", first.memory_bytes, len(gpus), able, able and has_flash_attention())


def cpu() -> Device:
    """This machine's."""
    facts = ""
    if CPU_FACTS.is_file():  # Linux's alone
        facts = CPU_FACTS.read_text(encoding="utf-8")
    return Device("CPU", "cpu", cpu_memory_bytes(), bf16=not CPU_BF16.isdisjoint(facts.split()))


def has_flash_attention() -> bool:
    """Looks for its package, without loading it."""
    return find_spec("flash_attn") is not None


def cpu_memory_bytes() -> int:
    """The machine's memory, or less where its control group allows less."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in CGROUPS:
        if not path.is_file():
            continue
        limit = path.read_text(encoding="ascii").strip()
        if limit.isdigit():  # else it is `max`: no limit
            limits.append(int(limit))
    return min(limits)


def _torch_takes_gpus() -> bool:
    try:
        # The name that PyTorch gives its builds for CPUs alone; it takes no import to read it.
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


@dataclass(slots=True, frozen=True)
class _Gpu:
    name: str
    memory_bytes: int
    capability: float


def _gpus() -> list[_Gpu]:
    """The GPUs that CUDA_VISIBLE_DEVICES leaves, by nvidia-smi; none where that does not answer."""
    try:
        answer = subprocess.run(ASK_GPUS, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    gpus = []
    for line in answer.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 3:
            name, memory_mib, capability = fields
            gpus.append(_Gpu(name, int(float(memory_mib) * MIB), float(capability)))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return gpus
    # Only how many are left is of interest, for all are alike; -1 is how a program is shown none.
    shown = [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    return gpus[: len(shown)]
