"""A GGUF model in this process: llama.cpp's own server, through xllamacpp, with continuous batching."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from prompts.digest import digest_file
from prompts.errors import InputError
from prompts.packaged import PACKAGED, packaged_model
from teachers.arrival import check_supported, checked
from teachers.base import Identity, Reply, Request
from teachers.capabilities import capabilities_of
from teachers.openai.chat_wire import from_wire
from teachers.openai.chat_wire import to_wire as to_chat_wire
from teachers.spec import Spec
from teachers.terms import terms_of
from teachers.threads import close_pool, on_thread

PLAIN_SAMPLING = {"top_p": 1.0, "top_k": 0, "min_p": 0.0}
"""llama.cpp's own defaults cut the tail of the distribution (top_k 40, top_p 0.95, min_p 0.05): a sample
would no longer be one of the distribution whose logprobs are reported."""

CONTEXT_TOKENS = 4096
"""Per request. SmolLM2-135M's cache takes 23 kB a token, so eight at once take 0.75 GB."""


def find_model(name: str) -> Path:
    """Returns the file of an embedded model or of a path; InputError says what to install or give."""
    if name in PACKAGED:
        return packaged_model(name)
    path = Path(name).expanduser()
    if path.is_file() and path.suffix.lower() == ".gguf":
        return path
    problem = "is not a .gguf file" if path.exists() else "no such model file"
    raise InputError(problem, path=path, remedy=f"Give a .gguf file, or one of: {', '.join(PACKAGED)}")


def weights_version(path: Path) -> str:
    """`sha256:` and the first 12 hex digits of a file's digest."""
    stat = path.stat()
    return _weights_version(path, stat.st_mtime_ns, stat.st_size)


def to_wire(request: Request) -> dict[str, Any]:
    """Returns the body for llama.cpp: plain sampling, and the schema as a grammar (ValueError: not a schema).

    `response_format` is not used: under it llama.cpp lets the model wrap its JSON in a Markdown fence and
    strips the fence from the text only, so that the tokens no longer join to the text (seen in 2026.10).
    """
    body = {**PLAIN_SAMPLING, **to_chat_wire(request), "cache_prompt": True}
    if body.pop("response_format", None) and request.schema is not None:
        body["grammar"] = _grammar(request.schema)
    return body


class GgufTeacher:
    """Answers `concurrency` requests at once from one copy of the weights."""

    def __init__(
        self,
        spec: Spec,
        *,
        concurrency: int = 1,
        timeout_s: float = 600.0,
        context_tokens: int = CONTEXT_TOKENS,
        threads: int | None = None,
    ) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._timeout_s = timeout_s
        self._server: Any = start_server(
            find_model(spec.model), concurrency=concurrency, context_tokens=context_tokens, threads=threads
        )
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="gguf")

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the model's name and the digest of its weights."""
        return Identity("gguf", spec.model, api_version=weights_version(find_model(spec.model)), terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers on a thread of the pool; one that is cancelled runs to its end there and is dropped."""
        check_supported(self, request)
        body = await on_thread(self._pool, "gguf", self._timeout_s, self._answer, request)
        return checked(from_wire(body, "gguf"), request.schema)

    async def close(self) -> None:
        """Waits for what runs, then frees the weights; safe to call twice."""
        await close_pool(self._pool)
        self._server = None

    def _answer(self, request: Request) -> object:
        return self._server.handle_chat_completions(to_wire(request))


def start_server(
    path: Path, *, concurrency: int, context_tokens: int, threads: int | None = None, raw_text: bool = True
) -> Any:
    """Returns a running, silent llama.cpp server; InputError where the file is not a model it can load.

    With `raw_text` a reply's text is what was generated, as its tokens say; without it llama.cpp takes
    reasoning and Markdown fences out of the text, and `response_format` works.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_parallel = concurrency
    params.n_ctx = concurrency * context_tokens  # shared out evenly
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or cores()
    params.verbosity = -1  # no log on stderr
    params.fit_params = params.warmup = False  # neither pays for itself with a small model on a CPU
    params.cache_ram_mib = 0  # prompts are reused in their slot; a copy in memory would take up to 8 GiB
    params.force_pure_content_parser = raw_text
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise InputError("is not a model that llama.cpp can load", path=path, remedy="Is it complete?") from error


def _grammar(schema: str) -> str:
    from jsonschema import Draft202012Validator, SchemaError
    from xllamacpp import json_schema_to_grammar

    try:
        # llama.cpp answers without any constraint where it cannot compile a grammar, so it is checked here.
        Draft202012Validator.check_schema(json.loads(schema))
    except SchemaError as error:
        raise ValueError(f"the schema is no JSON schema: {error.message}") from error
    return str(json_schema_to_grammar(schema))


def cores() -> int:
    """Returns the cores that this process may use."""
    # In a container the affinity is the truth and the count is the host's; macOS has no affinity.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Gigabytes are read for it, and a teacher is described many times.
@lru_cache(maxsize=16)
def _weights_version(path: Path, mtime_ns: int, size: int) -> str:
    return f"sha256:{digest_file(path)[:12]}"
