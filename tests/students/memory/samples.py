"""Devices that this machine does not have, and a base for them."""

from students.base.architecture import Architecture
from students.config import StudentConfig
from students.memory.device import Device

SMOL = Architecture(30, 576, 1536, 576, 192, 49152, 134_515_008, 3_540_096)
GB = 10**9
CPU = Device("CPU", "cpu", 24 * GB)
H100 = Device("H100", "cuda", 80 * GB, bf16=True, flash=True)
CONFIG = StudentConfig(base="smollm2-135m")
