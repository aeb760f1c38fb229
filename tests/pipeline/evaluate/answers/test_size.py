from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluate.answers.size import HOSTED, Size, measure
from prompts.errors import InputError


def write_safetensors(path: Path, shapes: dict[str, list[int]], dtype: str = "F32", itemsize: int = 4) -> None:
    at, header = 0, {"__metadata__": {"format": "pt"}}
    for name, shape in shapes.items():
        end = at + int(np.prod(shape)) * itemsize
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}  # type: ignore[dict-item]
        at = end
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(at))


def test_shards_are_added_up(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model-1.safetensors", {"model.embed_tokens.weight": [10, 4]})
    write_safetensors(tmp_path / "model-2.safetensors", {"lm_head.weight": [10, 4], "norm": [4], "scale": []})
    on_disk = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert measure(tmp_path) == Size(parameters=40 + 40 + 4 + 1, bytes=on_disk)


def test_tied_weights_count_once(tmp_path: Path) -> None:
    shapes = {"model.embed_tokens.weight": [10, 4], "lm_head.weight": [10, 4]}
    write_safetensors(tmp_path / "model.safetensors", shapes, "BF16", 2)
    (tmp_path / "config.json").write_text('{"tie_word_embeddings": true}')
    assert measure(tmp_path).parameters == 40


def test_real_safetensors_are_read(tmp_path: Path) -> None:
    save_file = pytest.importorskip("safetensors.numpy").save_file
    save_file({"a": np.zeros((3, 5), np.float16), "b": np.zeros(7, np.int8)}, tmp_path / "model.safetensors")
    assert measure(tmp_path) == Size(22, (tmp_path / "model.safetensors").stat().st_size)


def test_a_gguf_file_is_read(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("token_embd.weight", np.zeros((8, 4), np.float32))
    writer.add_tensor("output_norm.weight", np.zeros(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert measure(path) == Size(36, path.stat().st_size)


def test_nobody_knows_a_hosted_models_size() -> None:
    assert measure(None) == HOSTED == Size(None, None)


@pytest.mark.parametrize(
    "body", [b"", b"\x02", b"\x02" + bytes(7) + b"[]", b"\xff" * 8, b"\x0c" + bytes(7) + b'{"a": null}']
)
def test_a_torn_file_is_named(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(body)
    with pytest.raises(InputError, match=r"model\.safetensors: is not a safetensors file"):
        measure(tmp_path)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \.safetensors"):
        measure(tmp_path)


def test_a_file_that_is_not_gguf_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GIF89a" + bytes(100))
    with pytest.raises(InputError, match="is not a GGUF file"):
        measure(tmp_path / "model.gguf")
