"""ONNX Runtime in this process, against the small random student as its own builder writes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prompts.errors import InputError
from students.export.write import write_export
from teachers.base import Reply, Request, Teacher
from teachers.catalog import describe, open_teacher
from teachers.errors import InvalidRequest
from tests.teachers.contract import TeacherContract, ask, conversation, plain_sampling, with_teacher

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def student(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the other teachers' student, but with heads of 16: ONNX Runtime takes multiples of that alone."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(2)  # with 0 two of the contract's questions get one answer
    ids = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": 1}
    config = LlamaConfig(vocab_size=len(tokenizer), initializer_range=0.5, **shape, **ids)
    path = tmp_path_factory.mktemp("student")
    LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def folder(student: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exports") / "onnx"
    out.mkdir()
    write_export(student, "onnx", out)
    return out


class TestContract(TeacherContract):
    @pytest.fixture
    def spec(self, folder: Path) -> str:
        return f"onnx:{folder}"


def replies(spec: str) -> list[Reply]:
    async def use(teacher: Teacher) -> list[Reply]:
        asked = ["Hi", "What is 12345 + 678?", "naïve 🐈\n\n\tx = 3"]
        return [await ask(teacher, text, top_logprobs=5, max_tokens=12) for text in asked]

    return with_teacher(spec, use)


def test_it_says_what_the_same_weights_say_in_transformers(folder: Path, student: Path) -> None:
    for mine, theirs in zip(replies(f"onnx:{folder}"), replies(f"huggingface:{student}"), strict=True):
        assert mine.text == theirs.text
        assert mine.usage == theirs.usage
        for one, other in zip(mine.tokens, theirs.tokens, strict=True):
            assert one.logprob == pytest.approx(other.logprob, abs=1e-3)


def test_a_text_is_scored_as_it_was_written(folder: Path) -> None:
    async def use(teacher: Teacher) -> tuple[Reply, Reply]:
        wrote = await ask(teacher, "Hi", top_logprobs=1, max_tokens=8)
        how = plain_sampling(teacher, top_logprobs=1)
        scored = Request(teacher.identity, conversation("Hi"), how, continuation=wrote.text)
        return wrote, await teacher.complete(scored)

    wrote, scored = with_teacher(f"onnx:{folder}", use)
    if [token.bytes for token in wrote.tokens] == [token.bytes for token in scored.tokens]:
        assert [one.logprob for one in scored.tokens] == pytest.approx([one.logprob for one in wrote.tokens], abs=1e-3)
    assert scored.text == wrote.text


def test_a_prompt_beyond_the_context_is_invalid(folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="do not fit the context"):
        with_teacher(f"onnx:{folder}", lambda teacher: ask(teacher, "word " * 3000))


def test_what_is_no_onnx_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model directory"):
        describe(f"onnx:{tmp_path / 'none'}")
    with pytest.raises(InputError, match=r"holds no genai_config\.json"):
        describe(f"onnx:{tmp_path}")
    (tmp_path / "genai_config.json").write_text("{}")
    with pytest.raises(InputError, match="is no configuration of a text model"):
        open_teacher(f"onnx:{tmp_path}")


def test_it_leaves_no_device_id_behind(folder: Path, tmp_path: Path) -> None:
    script = "import sys; from teachers.catalog import open_teacher; open_teacher('onnx:' + sys.argv[1])"
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    home.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", script, str(folder)], env=home, check=True, cwd=Path(__file__).parents[3])
    assert not [file for file in tmp_path.rglob("*") if "onnxruntime" in str(file).lower() or "deviceid" in file.name]
