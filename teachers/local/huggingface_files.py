"""A transformers model's files: which version they are, and the model that is in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.packaged import PACKAGED
from teachers.local.gguf import find_model, weights_version

WEIGHTS = frozenset({".safetensors", ".json", ".jinja", ".model"})
"""The files that change an answer: weights, configuration, tokenizer, chat template."""


def load(name: str) -> tuple[Any, Any]:
    """Tokenizer and model, ready to infer, on the GPU where there is one; InputError where there is no such model.

    The numbers stay of the type that the files hold.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # progress is the pipeline's to show
    where, options = _source(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=False, **options)
        safe = {} if "gguf_file" in options else {"use_safetensors": True}
        model = AutoModelForCausalLM.from_pretrained(where, trust_remote_code=False, **options, **safe)
    except (OSError, ValueError, ImportError) as error:
        remedy = "Give a directory with safetensors and a tokenizer, a .gguf file or a hub id"
        raise InputError(f"cannot be loaded: {error}", path=name, remedy=remedy) from error
    _require_template(tokenizer, name)
    return tokenizer, model.eval().to(_device())


def load_tokenizer(folder: str) -> Any:
    """Returns a local directory's tokenizer, with a chat template; InputError where there is none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(f"its tokenizer cannot be loaded: {error}", path=folder) from error
    _require_template(tokenizer, folder)
    return tokenizer


def _require_template(tokenizer: Any, name: str) -> None:
    if tokenizer.chat_template is None:
        raise InputError("has no chat template", path=name, remedy="Save one with its tokenizer")


def find_folder(name: str) -> Path | None:
    """Returns a local model's directory; None for a hub id."""
    folder = Path(name)
    if folder.is_dir():
        return folder
    return None


def version(name: str) -> str | None:
    """Returns the digest of a local model's files; None for a hub id, whose commit is known once it is loaded."""
    if _is_gguf(name):
        return weights_version(find_model(name))
    path = Path(name)
    if path.is_dir():
        return directory_version(_weight_files(path))
    if path.is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise InputError("no such model directory", path=name, remedy="Give a directory, or a hub id: owner/name")
    return None


def directory_version(files: Sequence[Path]) -> str:
    """Returns the digest of files' names and bytes, read again only where one of them was written since."""
    return _directory_version(tuple((file, file.stat().st_mtime_ns) for file in files))


def stop_ids(tokenizer: Any, model: Any) -> frozenset[int]:
    """Returns the ids that end a turn, as the tokenizer and the model's generation config name them."""
    ids = model.generation_config.eos_token_id
    if not isinstance(ids, (list, tuple)):
        ids = [ids]
    return frozenset(index for index in (*ids, tokenizer.eos_token_id) if index is not None)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _source(name: str) -> tuple[str, dict[str, Any]]:
    """Says where transformers finds a model, and with which options; a local one never asks the hub."""
    if _is_gguf(name):
        path = find_model(name)
        return str(path.parent), {"gguf_file": path.name, "local_files_only": True}
    return name, {"local_files_only": Path(name).is_dir()}


def _is_gguf(name: str) -> bool:
    return name in PACKAGED or name.lower().endswith(".gguf")


def _weight_files(path: Path) -> list[Path]:
    files = sorted(file for file in path.iterdir() if file.suffix in WEIGHTS)
    if not any(file.suffix == ".safetensors" for file in files):
        raise InputError("holds no safetensors", path=path, remedy="Only safetensors are loaded: others can run code")
    return files


# Gigabytes are read for it, and a teacher is described many times.
@lru_cache(maxsize=16)
def _directory_version(files: tuple[tuple[Path, int], ...]) -> str:
    return f"sha256:{digest([[file.name, digest_file(file)] for file, _ in files])[:12]}"
