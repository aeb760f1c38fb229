"""int8 and int4 weights that transformers loads, through torchao, in safetensors.

The linear layers' weights alone are quantised; embeddings and norms keep their numbers. Formulas: torchao's
Int8WeightOnlyConfig (a scale a row) and IntxWeightOnlyConfig (4 bits, a scale for every 32 weights of a row), the
one 4-bit layout of torchao that runs on a CPU without mslk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prompts.errors import InputError
from students.quiet import quiet

GROUP = 32
"""Weights that share a scale, at 4 bits."""


def write_quantised(student: Path, out: Path, precision: str) -> None:
    """Writes a transformers directory with torchao's weights; InputError where rows are no multiple of GROUP."""
    from transformers import AutoModelForCausalLM, TorchAoConfig

    from students.export.write import copy_tokenizer

    with quiet():
        config = TorchAoConfig(_scheme(precision))
        try:
            model = AutoModelForCausalLM.from_pretrained(student, quantization_config=config, trust_remote_code=False)
        except (RuntimeError, ValueError, AssertionError) as error:
            remedy = f"Its rows must be multiples of {GROUP} weights for int4" if precision == "int4" else None
            raise InputError(f"torchao cannot quantise it: {error}", path=student, remedy=remedy) from error
        model.save_pretrained(out)
    copy_tokenizer(student, out)


def _scheme(precision: str) -> Any:
    import torch
    from torchao.quantization import Int8WeightOnlyConfig, IntxWeightOnlyConfig
    from torchao.quantization.granularity import PerGroup

    if precision == "int8":
        return Int8WeightOnlyConfig()
    return IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(GROUP))  # type: ignore[attr-defined]  # torch has no stub
