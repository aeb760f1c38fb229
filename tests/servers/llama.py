"""llama.cpp's own OpenAI-compatible server on loopback, from xllamacpp."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from teachers.local.gguf import find_model, start_server


@contextmanager
def serve(model: str = "smollm2-135m", *, concurrency: int = 2, context_tokens: int = 1024) -> Iterator[str]:
    """The base URL of a running server: `openai:NAME@URL` is then a teacher."""
    server = start_server(
        find_model(model), concurrency=concurrency, context_tokens=context_tokens, threads=1, raw_text=False
    )
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server
