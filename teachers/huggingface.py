"""A transformers model in this process: students, and open teachers whose whole distribution is wanted.

Sampling is written out here: transformers' `generate` would apply what the model's own generation config
says (repetition penalty, top-k), and the reply would no longer be a sample of what the request states.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompts.digest import digest, digest_file
from prompts.errors import InputError
from prompts.messages import to_dicts
from prompts.packaged import PACKAGED
from teachers.arrival import check_supported, checked
from teachers.base import Alternative, Identity, Outcome, Reply, Request, Sampling, TokenLogprob, Usage
from teachers.capabilities import capabilities_of
from teachers.errors import InvalidRequest
from teachers.gguf import find_model, weights_version
from teachers.local import close_pool, on_thread
from teachers.spec import Spec
from teachers.terms import terms_of
from teachers.token_bytes import token_bytes, whole_characters

if TYPE_CHECKING:
    import torch

WEIGHTS = frozenset({".safetensors", ".json", ".jinja", ".model"})
"""What changes an answer: weights, configuration, tokenizer, chat template."""

MAX_TOP_LOGPROBS = 1000


class HuggingFaceTeacher:
    """One model on one worker thread: requests queue, and each uses every core."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._timeout_s = timeout_s
        self._tokenizer, self._model = _load(spec.model)
        commit = getattr(self._model.config, "_commit_hash", None)
        if self.identity.api_version is None and commit:  # from the hub: known once it is loaded
            self.identity = replace(self.identity, api_version=f"commit:{commit[:12]}")
        self._bytes_of = token_bytes(self._tokenizer)
        self._stops = _stops(self._tokenizer, self._model)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="huggingface")

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """The model and the digest of its files; the hub's commit is known only once it is loaded."""
        return Identity("huggingface", spec.model, api_version=_version(spec.model), terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers on the worker thread; one that is cancelled or too late stops at its next token."""
        check_supported(self, request)
        given_up = threading.Event()
        try:
            return checked(await on_thread(self._pool, "huggingface", self._timeout_s, self._answer, request, given_up))
        finally:
            given_up.set()

    async def close(self) -> None:
        """Waits for what runs, then frees the weights; safe to call twice."""
        await close_pool(self._pool)
        self._model = None

    def _answer(self, request: Request, given_up: threading.Event) -> Reply:
        prompt = self._encode(request)
        room = self._model.config.max_position_embeddings - len(prompt)
        if room < 1:
            raise InvalidRequest(f"{len(prompt)} prompt tokens do not fit the context", provider="huggingface")
        limit = min(request.sampling.max_tokens or room, room)
        tokens, generated, outcome = self._generate(prompt, request.sampling, limit, given_up)
        tokens = tokens[: whole_characters([token.bytes for token in tokens])]
        return Reply(
            text=b"".join(token.bytes for token in tokens).decode("utf-8", "replace"),
            outcome=outcome,
            finish_reason="stop" if outcome == "ok" else "length",
            tokens=tuple(tokens) if request.sampling.top_logprobs else (),
            usage=Usage(input_tokens=len(prompt), cached_tokens=0, output_tokens=generated),
        )

    def _encode(self, request: Request) -> list[int]:
        from jinja2 import TemplateError

        try:
            encoded = self._tokenizer.apply_chat_template(
                to_dicts(request.messages), add_generation_prompt=True, return_dict=True
            )
        except (TemplateError, ValueError) as error:
            raise InvalidRequest(f"its chat template refuses this: {error}", provider="huggingface") from error
        return list(encoded["input_ids"])

    def _generate(
        self, prompt: list[int], how: Sampling, limit: int, given_up: threading.Event
    ) -> tuple[list[TokenLogprob], int, Outcome]:
        """The sampled tokens without the one that ends the turn, how many were generated, and why it ended."""
        import torch

        random = torch.Generator()
        random.seed() if how.seed is None else random.manual_seed(how.seed)
        tokens: list[TokenLogprob] = []
        cache, ids = None, prompt
        with torch.inference_mode():
            while len(tokens) < limit and not given_up.is_set():
                logprobs_V, cache = self._step(ids, cache)
                chosen = _choose(logprobs_V, how, random)
                if chosen in self._stops:
                    return tokens, len(tokens) + 1, "ok"
                tokens.append(self._token(logprobs_V, chosen, how.top_logprobs))
                ids = [chosen]
        return tokens, len(tokens), "truncated"

    def _step(self, ids: list[int], cache: Any) -> tuple[torch.Tensor, Any]:
        """Natural-log probabilities of the next token over the vocabulary, in float32, and the cache."""
        import torch

        input_ids = torch.tensor([ids], device=self._model.device)
        out = self._model(input_ids=input_ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return torch.log_softmax(out.logits[0, -1].float(), dim=-1).cpu(), out.past_key_values

    def _token(self, logprobs_V: torch.Tensor, chosen: int, most: int) -> TokenLogprob:
        values, ids = logprobs_V.topk(min(most, len(logprobs_V)))
        pairs = zip(values.tolist(), ids.tolist(), strict=True)
        top = tuple(Alternative(self._bytes_of(index), value, index) for value, index in pairs)
        return TokenLogprob(self._bytes_of(chosen), float(logprobs_V[chosen]), chosen, top)


def _choose(logprobs_V: torch.Tensor, how: Sampling, random: torch.Generator) -> int:
    """The sampled token's id: the most likely one at temperature 0 or none, else a draw from the nucleus."""
    import torch

    if not how.temperature:
        return int(logprobs_V.argmax())
    values, ids = torch.softmax(logprobs_V / how.temperature, dim=-1).sort(descending=True)
    if how.top_p is not None:
        # A token belongs to the nucleus while those before it do not fill it: the first always does.
        values = values * (values.cumsum(0) - values < how.top_p)
    return int(ids[torch.multinomial(values, 1, generator=random)])


def _load(name: str) -> tuple[Any, Any]:
    """Tokenizer and model, ready to infer; InputError where the files are not such a model."""
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
    if tokenizer.chat_template is None:
        raise InputError("has no chat template", path=name, remedy="Save one with its tokenizer")
    return tokenizer, model.eval()


def _source(name: str) -> tuple[str, dict[str, Any]]:
    """Where transformers finds a model, and the options that say how; a local one never asks the hub."""
    if name in PACKAGED or name.lower().endswith(".gguf"):
        path = find_model(name)
        return str(path.parent), {"gguf_file": path.name, "local_files_only": True}
    return name, {"local_files_only": Path(name).is_dir()}


def _version(name: str) -> str | None:
    if name in PACKAGED or name.lower().endswith(".gguf"):
        return weights_version(find_model(name))
    path = Path(name)
    if path.is_dir():
        return _directory_version(tuple((file, file.stat().st_mtime_ns) for file in _weight_files(path)))
    if path.is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise InputError("no such model directory", path=name, remedy="Give a directory, or a hub id: owner/name")
    return None


def _weight_files(path: Path) -> list[Path]:
    files = sorted(file for file in path.iterdir() if file.suffix in WEIGHTS)
    if not any(file.suffix == ".safetensors" for file in files):
        raise InputError("holds no safetensors", path=path, remedy="Only safetensors are loaded: others can run code")
    return files


@lru_cache(maxsize=16)
def _directory_version(files: tuple[tuple[Path, int], ...]) -> str:
    return f"sha256:{digest([[file.name, digest_file(file)] for file, _ in files])[:12]}"


def _stops(tokenizer: Any, model: Any) -> frozenset[int]:
    """The ids that end a turn, as the tokenizer and the model's generation config name them."""
    named = model.generation_config.eos_token_id
    ids = [*named] if isinstance(named, (list, tuple)) else [named]
    return frozenset(index for index in (*ids, tokenizer.eos_token_id) if index is not None)
