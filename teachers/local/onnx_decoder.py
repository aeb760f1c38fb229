"""Forward passes of an ONNX model through onnxruntime-genai, one row at a time: a Decoder for the engine.

Shapes: B = 1 row, C columns, V vocabulary.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prompts.errors import InputError
from teachers.local.decoding import FORWARD_TOKENS, LOGPROBS

CONTEXT_TOKENS = 4096
"""The most of a model's context that is used: its cache is allocated whole, 46 kB a token for SmolLM2-135M."""


class OnnxDecoder:
    """One row and onnxruntime-genai's cache of it."""

    most: int | None = 1

    def __init__(self, folder: Path, *, context: int, vocabulary: int, threads: int) -> None:
        self._library = _load_library()
        self._context, self._columns = context, max(1, min(FORWARD_TOKENS, LOGPROBS // vocabulary))
        config = self._library.Config(str(folder))
        config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}}))
        try:
            self._model: Any = self._library.Model(config)
        except (RuntimeError, OSError) as error:
            raise InputError(f"cannot be loaded by ONNX Runtime: {error}", path=folder) from error
        self._generator: Any = None

    def feed(
        self, first: int, tokens: Sequence[Sequence[int]], starts: Sequence[int], wanted: int
    ) -> Iterator[torch.Tensor]:
        """As Decoder.feed, for one row; it goes on where it ended, or begins anew."""
        if self._generator is None or starts[0] == 0:
            parameters = self._library.GeneratorParams(self._model)
            parameters.set_search_options(max_length=self._context)
            self._generator = self._library.Generator(self._model, parameters)
        elif self._generator.token_count() != starts[0]:
            self._generator.rewind_to(starts[0])
        (ids,), unwanted = tokens, len(tokens[0]) - wanted
        for begin in range(0, len(ids), self._columns):
            piece = ids[begin : begin + self._columns]
            self._generator.append_tokens(np.array([piece], dtype=np.int32))
            if begin + len(piece) > unwanted:
                logits_CV = torch.from_numpy(self._generator.get_output("logits"))[0, max(0, unwanted - begin) :]
                yield torch.log_softmax(logits_CV.float(), dim=-1)[None]

    def move(self, source: int, target: int, count: int) -> None:
        """Nothing to do: there is one slot."""

    def wipe(self, slot: int) -> None:
        """Forgets the row."""
        self.clear()

    def clear(self) -> None:
        """Forgets the row and frees its cache."""
        self._generator = None


def _load_library() -> Any:
    # Read when the library loads: without it, it keeps a device id below ~/.cache and reports to Microsoft.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime_genai

    onnxruntime_genai.disable_telemetry_events()
    return onnxruntime_genai
