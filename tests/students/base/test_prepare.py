from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.base.prepare import base_digest, find_base, prepare_base


def test_a_gguf_file_becomes_float32_weights_a_tokenizer_and_its_chat_template(prepared: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(prepared)
    assert model.dtype == torch.float32
    assert model.num_parameters() == 134_515_008
    assert not hasattr(model.config, "quantization_config")
    tokenizer = AutoTokenizer.from_pretrained(prepared)
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    answer = model.generate(**ids, max_new_tokens=8, do_sample=False)[0, ids["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(answer)


@pytest.mark.slow
def test_the_prepared_weights_answer_as_the_file_does(prepared: Path, gguf: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    ids_BT = torch.arange(100, 120)[None]
    with torch.no_grad():
        ours = AutoModelForCausalLM.from_pretrained(prepared)(ids_BT).logits
        theirs = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)(ids_BT).logits
    torch.testing.assert_close(ours, theirs.float(), rtol=1e-4, atol=1e-4)


def test_a_file_is_converted_once(prepared: Path) -> None:
    before = (prepared / "model.safetensors").stat().st_mtime_ns
    assert prepare_base("smollm2-135m", cache=prepared.parent) == prepared
    assert (prepared / "model.safetensors").stat().st_mtime_ns == before
    assert list(prepared.parent.glob("base-*")) == [prepared]


def test_a_file_that_is_not_gguf_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"not a model")
    with pytest.raises(InputError, match="cannot be read as GGUF"):
        prepare_base("bad.gguf", cache=tmp_path / "cache", beside=tmp_path)
    assert not list((tmp_path / "cache").iterdir())


def test_a_directory_and_a_hub_id_pass_through(tiny: Path, tmp_path: Path) -> None:
    assert prepare_base(str(tiny), cache=tmp_path) == tiny
    assert prepare_base("org/model", cache=tmp_path) == "org/model"


@pytest.mark.parametrize("spec", ["missing.gguf", "./missing", "/no/such/model", "a/b/c"])
def test_a_path_that_is_not_there_is_named(spec: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model"):
        find_base(spec, beside=tmp_path)


def test_a_base_is_named_by_its_bytes(tiny: Path, tmp_path: Path) -> None:
    import shutil

    other: Any = shutil.copytree(tiny, tmp_path / "other")
    assert base_digest(tiny, tmp_path) == base_digest(other, tmp_path)
    (other / "config.json").write_text("{}")
    assert base_digest(tiny, tmp_path) != base_digest(other, tmp_path)
