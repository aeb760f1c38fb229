"""Prepares what a student starts from: a base named in a recipe becomes a directory that transformers can train."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from prompts.digest import digest
from prompts.errors import InputError
from prompts.packaged import PACKAGED, packaged_model
from students.base.digests import model_files_digest, remembered_digest
from students.extra import require_training
from students.files import publish
from students.quiet import quiet

FORMAT = 1
"""Raised when a prepared base changes for the same file, so that the cache forgets the old ones."""


def prepare_base(spec: str, *, cache: Path, beside: Path = Path()) -> Path | str:
    """A directory of safetensors, or a hub id as it is.

    `spec` is an embedded name, a path (relative ones are looked for under `beside`) or a hub id. A GGUF file is
    dequantised to float32 once and kept under `cache` by its digest. Raises InputError for a base that is not
    there or cannot be read, MissingExtra without the train extra.
    """
    path = find_base(spec, beside=beside)
    if isinstance(path, str) or path.is_dir():
        return path
    prepared = cache / f"base-{digest([FORMAT, remembered_digest(path, cache)])}"
    if not prepared.is_dir():
        require_training()
        publish(prepared, lambda target: _convert(path, target))
    return prepared


def find_base(spec: str, *, beside: Path = Path()) -> Path | str:
    """Where a base is: a GGUF file, a model directory, or a hub id."""
    if spec in PACKAGED:
        return packaged_model(spec)
    path = beside / Path(spec).expanduser()
    if path.is_dir() or path.is_file():
        return path.resolve()
    if path.suffix == ".gguf" or spec.startswith(("/", ".", "~")) or spec.count("/") > 1:
        names = ", ".join(PACKAGED)
        raise InputError("no such model", path=path, field="student.base", remedy=f"Give a path, a hub id or {names}")
    return spec


def base_digest(base: Path | str, cache: Path) -> str:
    """Names a base: the bytes of a directory, or the hub id. `cache` remembers those of large files."""
    if Path(base).is_dir():
        return model_files_digest(Path(base), cache)
    return digest(str(base))


def _convert(file: Path, target: Path) -> None:
    """Writes the GGUF's weights (float32), tokenizer and chat template as a transformers directory."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    with quiet(), redirect_stderr(io.StringIO()):  # a bar that no setting of transformers turns off
        try:
            model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(**where)
        except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError) as error:
            remedy = "Check the file, or give a safetensors directory"
            raise InputError(f"cannot be read as GGUF: {error}", path=file, remedy=remedy) from error
        _forget_quantization(model)
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)


def _forget_quantization(model: Any) -> None:
    # The weights are plain float32 by now; what is left of the file's scheme would make save_pretrained refuse.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    if hasattr(model, "hf_quantizer"):
        del model.hf_quantizer
    model.is_quantized = False
