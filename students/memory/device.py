"""What a training runs on, and what follows from it. Light: no torch, so that a plan can ask too."""

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
    """How a training uses its device."""

    bf16: bool
    attention: Literal["sdpa", "flash_attention_2"]
    padding_free: bool
    """A batch's rows are one sequence without padding; only flash attention keeps them apart at no cost."""
    activation_checkpointing: bool
    """Activations are computed again in the backward pass: about a third more work for a fraction of the memory."""

    @property
    def words(self) -> str:
        """As a plan says it."""
        parts = ("bfloat16" if self.bf16 else "float32", "flash attention" if "flash" in self.attention else "sdpa")
        rest = ("rows without padding" if self.padding_free else "rows of like length together",)
        return ", ".join((*parts, *rest, *(("activation checkpointing",) if self.activation_checkpointing else ())))


def choose_settings(config: StudentConfig, device: Device, *, checkpointing: bool) -> Settings:
    """What `device` allows; `checkpointing` where memory asks for it.

    Rows go without padding where the method takes them so: others lay more than ids in a batch.
    """
    bf16 = device.bf16 if config.precision == "auto" else config.precision == "bfloat16"
    if device.kind == "cpu" and config.lora is not None and config.lora.bits is not None:
        bf16 = False  # students.base.quantised computes the four bits in float32 there
    flash = device.flash and bf16
    return Settings(
        bf16=bf16,
        attention="flash_attention_2" if flash else "sdpa",
        padding_free=flash and config.declaration.takes_rows_without_padding and config.features is None,
        activation_checkpointing=checkpointing,
    )


def find_device() -> Device:
    """The GPUs that torch would take where it is built for them, else the CPU."""
    gpus = _gpus() if _torch_takes_gpus() else []
    if not gpus:
        return cpu()
    name, memory, capability = gpus[0]
    able = float(capability) >= BF16_SINCE
    return Device(name, "cuda", int(float(memory) * MIB), len(gpus), able, able and has_flash_attention())


def cpu() -> Device:
    """This machine's."""
    facts = CPU_FACTS.read_text(encoding="utf-8") if CPU_FACTS.is_file() else ""
    return Device("CPU", "cpu", cpu_memory_bytes(), bf16=not CPU_BF16.isdisjoint(facts.split()))


def has_flash_attention() -> bool:
    """Whether its package is installed."""
    return find_spec("flash_attn") is not None


def cpu_memory_bytes() -> int:
    """The machine's memory, or less where its control group allows less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in CGROUPS:
        if path.is_file() and (said := path.read_text(encoding="ascii").strip()).isdigit():
            found.append(int(said))
    return min(found)


def _torch_takes_gpus() -> bool:
    try:
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


def _gpus() -> list[tuple[str, str, str]]:
    """Name, MiB and compute capability of each GPU that CUDA_VISIBLE_DEVICES leaves."""
    try:
        said = subprocess.run(ASK_GPUS, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    found = [tuple(part.strip() for part in line.split(",")) for line in said.splitlines()]
    gpus = [(one[0], one[1], one[2]) for one in found if len(one) == 3]
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return gpus if seen is None else gpus[: len([name for name in seen.split(",") if name.strip() not in ("", "-1")])]
