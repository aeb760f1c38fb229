"""int8 weights that transformers loads, through torchao, in safetensors.

The linear layers' weights alone are quantised, with a scale a row (torchao's Int8WeightOnlyConfig); embeddings and
norms keep their numbers. The 4-bit config that runs on a CPU, IntxWeightOnlyConfig, stores a byte a weight: as large as
int8 and further from the student, so it is not offered.
"""

from __future__ import annotations

from pathlib import Path

from prompts.errors import InputError
from students.export.tokenizer_files import copy_tokenizer
from students.quiet import quiet


def write_quantised(student: Path, out: Path) -> None:
    """Writes a transformers directory with torchao's weights; InputError where torchao refuses the model."""
    from torchao.quantization import Int8WeightOnlyConfig
    from transformers import AutoModelForCausalLM, TorchAoConfig

    with quiet():
        config = TorchAoConfig(Int8WeightOnlyConfig())
        try:
            model = AutoModelForCausalLM.from_pretrained(student, quantization_config=config, trust_remote_code=False)
        except (RuntimeError, ValueError, AssertionError) as error:  # by these torchao refuses a model
            raise InputError(f"torchao cannot quantise it: {error}", path=student) from error
        model.save_pretrained(out)
    copy_tokenizer(student, out)
