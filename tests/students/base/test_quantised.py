"""QLoRA on a CPU, with the real bitsandbytes."""

import importlib.util
from pathlib import Path

import pytest
import torch

from prompts.errors import MissingExtra
from students.config import Lora, StudentConfig
from students.finetune.train import train
from students.job import Job
from students.result import Progress

INSTALLED = importlib.util.find_spec("bitsandbytes") is not None


@pytest.mark.skipif(not INSTALLED, reason="the extra qlora is not installed")
def test_adapters_on_four_bits_learn_and_the_student_is_whole(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    config = StudentConfig(base=str(tiny), epochs=1, learning_rate=2e-2, batch_size=8, lora=Lora(bits=4))
    told: list[Progress] = []
    out, work = tmp_path / "student", tmp_path / "work"
    result = train(Job(config, corpus=corpus, base=str(tiny), out=out, work=work), on_progress=told.append)
    assert told[-1].loss < told[0].loss
    student = AutoModelForCausalLM.from_pretrained(out)
    assert {weights.dtype for weights in student.parameters()} == {torch.float32}
    assert result.parameters == student.num_parameters() == AutoModelForCausalLM.from_pretrained(tiny).num_parameters()
    assert not hasattr(student.config, "quantization_config")


@pytest.mark.skipif(not INSTALLED, reason="the extra qlora is not installed")
@torch.no_grad()
def test_the_dense_student_says_what_the_trained_one_said(tiny: Path) -> None:
    from peft import get_peft_model

    from students.base.model import adapters, load_model
    from students.base.quantised import merge_dense

    lora = Lora(bits=4)
    model = get_peft_model(load_model(str(tiny), lora), adapters(lora))
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            weights.normal_(std=0.1)
    ids = torch.arange(40).reshape(2, 20)
    before = model(input_ids=ids).logits
    torch.testing.assert_close(merge_dense(model)(input_ids=ids).logits, before, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(INSTALLED, reason="the extra qlora is installed")
def test_without_the_extra_its_install_command_is_said(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    config = StudentConfig(base=str(tiny), lora=Lora(bits=4))
    with pytest.raises(MissingExtra, match=r"stillhouse\[qlora\]"):
        train(Job(config, corpus=corpus, base=str(tiny), out=tmp_path / "student", work=tmp_path / "work"))
