"""Models and servers that the teachers' tests share; each is made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from teachers.local.gguf import find_model
from tests.servers.faults import FaultServer
from tests.servers.llama import serve


@pytest.fixture(autouse=True)
def one_ggml_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """ggml's threads spin at their barriers: beside other work two are slower than one."""
    monkeypatch.setattr("teachers.local.gguf.cores", lambda: 1)


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """So small a model is slower on two."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def llama_url() -> Iterator[str]:
    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """The embedded model's: byte-level BPE."""
    from transformers import AutoTokenizer

    weights = find_model("smollm2-135m")
    return AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A two-layer llama with random weights and the real tokenizer, as `train` would save it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    # Weights this large make the answer depend on the whole prompt, as a trained model's does.
    shape = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "initializer_range": 0.5,
    }
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id, bos_token_id=1, **shape)
    path = tmp_path_factory.mktemp("student")
    LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path
