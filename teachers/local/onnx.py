"""An ONNX model in this process, as onnxruntime-genai's builder writes it: `students.export` makes them.

The forward pass is onnxruntime-genai's; ids, sampling and logprobs are those of the `huggingface` teacher, so that the
same weights get the same answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prompts.errors import InputError
from teachers.arrival import check_supported, checked
from teachers.base import Identity, Reply, Request
from teachers.capabilities import capabilities_of
from teachers.errors import InvalidRequest
from teachers.local.batching import Batcher
from teachers.local.gguf import cores
from teachers.local.huggingface import Admission
from teachers.local.huggingface_files import directory_version, load_tokenizer
from teachers.spec import Spec
from teachers.terms import terms_of

CONFIG = "genai_config.json"
FILES = frozenset({".onnx", ".data", ".json", ".jinja"})
"""The files that change an answer: graph, weights, configuration, tokenizer, chat template."""


class OnnxTeacher:
    """One model on one worker thread, which answers one request after another."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        from teachers.local.engine import Engine
        from teachers.local.onnx_decoder import CONTEXT_TOKENS, OnnxDecoder

        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._timeout_s = timeout_s
        folder = Path(spec.model)
        model = _read_config(folder)
        context = min(int(model["context_length"]), CONTEXT_TOKENS)
        decoder = OnnxDecoder(folder, context=context, vocabulary=int(model["vocab_size"]), threads=cores())
        tokenizer = load_tokenizer(spec.model)
        admission = Admission(tokenizer, context=context, stops=_stops(model, tokenizer), provider="onnx")
        self._batcher: Batcher | None = Batcher(Engine(decoder, admission, rows=1, share_prefix=False), "onnx")

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the model and the digest of its files."""
        folder = Path(spec.model)
        if not (folder / CONFIG).is_file():
            problem = f"holds no {CONFIG}" if folder.is_dir() else "no such model directory"
            raise InputError(problem, path=folder, remedy="Give a directory that onnxruntime-genai's builder wrote")
        files = sorted(file for file in folder.iterdir() if file.suffix in FILES)
        return Identity("onnx", spec.model, api_version=directory_version(files), terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers on the worker thread; one that is cancelled or too late leaves at its next token."""
        check_supported(self, request)
        if self._batcher is None:
            raise InvalidRequest("the teacher is closed", provider="onnx")
        return checked(await self._batcher.answer(request, self._timeout_s))

    async def close(self) -> None:
        """Waits for what runs, then frees the weights; safe to call twice."""
        batcher, self._batcher = self._batcher, None
        if batcher is not None:
            await batcher.close()


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        model: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["model"]
        return {key: model[key] for key in ("context_length", "vocab_size", "eos_token_id")}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"is no configuration of a text model: {error!r}", path=folder / CONFIG) from error


def _stops(model: dict[str, Any], tokenizer: Any) -> frozenset[int]:
    ids = model["eos_token_id"]
    if not isinstance(ids, list):
        ids = [ids]
    return frozenset(index for index in (*ids, tokenizer.eos_token_id) if index is not None)
