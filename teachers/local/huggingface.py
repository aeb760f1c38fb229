"""A transformers model in this process: students, and open teachers whose whole distribution is wanted.

Sampling is written out here: transformers' `generate` would apply what the model's own generation config
says (repetition penalty, top-k), and the reply would no longer be a sample of what the request states.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prompts.messages import Conversation, to_dicts
from prompts.token_bytes import token_bytes
from teachers.arrival import check_supported, checked
from teachers.base import Identity, Reply, Request, Usage
from teachers.capabilities import capabilities_of
from teachers.errors import InvalidRequest
from teachers.local.batching import Batcher, Ticket
from teachers.local.huggingface_files import load, stop_ids, version
from teachers.spec import Spec
from teachers.terms import terms_of

if TYPE_CHECKING:
    from teachers.local.rows import DecodingRow


class HuggingFaceTeacher:
    """One model on one worker thread, which decodes up to `concurrency` requests together.

    With more than one, the beginning that prompts share is read once (unless the spec's `cache_prefix` says
    no) and `usage.cached_tokens` counts it. A model with sliding windows or recurrent layers answers one by one.
    """

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        from teachers.local.decoding import open_decoder
        from teachers.local.engine import Engine

        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._timeout_s = timeout_s
        tokenizer, model = load(spec.model)
        commit = getattr(model.config, "_commit_hash", None)
        if self.identity.api_version is None and commit:  # from the hub: known once it is loaded
            self.identity = replace(self.identity, api_version=f"commit:{commit[:12]}")
        decoder = open_decoder(model, concurrency)
        context = int(model.config.get_text_config().max_position_embeddings)
        admission = Admission(tokenizer, context=context, stops=stop_ids(tokenizer, model))
        engine = Engine(decoder, admission, rows=concurrency, share_prefix=spec.options.cache_prefix)
        self._batcher: Batcher | None = Batcher(engine, "huggingface")

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the model and the digest of its files; the hub's commit is known only once it is loaded."""
        return Identity(
            "huggingface", spec.model, api_version=version(spec.model), adapter_version=2, terms=terms_of(spec)
        )

    async def complete(self, request: Request) -> Reply:
        """Answers on the worker thread; one that is cancelled or too late leaves at its next token.

        With a `continuation` nothing is sampled: the reply is that text, its tokens with the logprob each has
        after the prompt and those before it, whatever the temperature.
        """
        check_supported(self, request)
        if self._batcher is None:
            raise InvalidRequest("the teacher is closed", provider="huggingface")
        return checked(await self._batcher.answer(request, self._timeout_s))

    async def close(self) -> None:
        """Waits for what runs, then frees the weights; safe to call twice."""
        batcher, self._batcher = self._batcher, None
        if batcher is not None:
            await batcher.close()


class Admission:
    """Turns a request into the ids of a row, or says why it cannot be one."""

    def __init__(self, tokenizer: Any, *, context: int, stops: frozenset[int], provider: str = "huggingface") -> None:
        self._tokenizer, self._provider = tokenizer, provider
        self._context, self._stops = context, stops
        self._bytes_of = token_bytes(tokenizer)

    def __call__(self, ticket: Ticket) -> DecodingRow | None:
        """Returns the row; None where an empty text has been scored. InvalidRequest where the context is too short."""
        prompt = self._encode(ticket.request.messages)
        if ticket.request.continuation is not None:
            return self._scorer(ticket, prompt, ticket.request.continuation)
        return self._writer(ticket, prompt)

    def _writer(self, ticket: Ticket, prompt: list[int]) -> DecodingRow:
        from teachers.local.rows import Writer
        from teachers.local.sampling import generator

        how, room = ticket.request.sampling, self._room(prompt, 1)
        return Writer(
            ticket,
            prompt,
            self._bytes_of,
            prompt_tokens=len(prompt),
            limit=min(how.max_tokens or room, room),
            stops=self._stops,
            random=generator(how.seed),
        )

    def _scorer(self, ticket: Ticket, prompt: list[int], text: str) -> DecodingRow | None:
        from teachers.local.rows import Scorer

        given = self._encode_reply(text)
        self._room(prompt, len(given))
        if not given:
            ticket.answer(Reply("", usage=Usage(len(prompt), 0, 0)))
            return None
        return Scorer(
            ticket,
            prompt + given[:-1],
            self._bytes_of,
            wanted=len(given),
            prompt_tokens=len(prompt),
            given=given,
            text=text,
        )

    def _room(self, prompt: list[int], needed: int) -> int:
        """Returns the tokens left after the prompt."""
        room = self._context - len(prompt)
        if room < needed:
            what = f"{len(prompt)} prompt tokens"
            if needed > 1:
                what = f"{what} and {needed} to score"
            message = f"{what} do not fit the context of {self._context}"
            raise InvalidRequest(message, provider=self._provider)
        return room

    def _encode(self, messages: Conversation) -> list[int]:
        from jinja2 import TemplateError

        try:
            encoded = self._tokenizer.apply_chat_template(
                to_dicts(messages), add_generation_prompt=True, return_dict=True
            )
        except (TemplateError, ValueError) as error:
            raise InvalidRequest(f"its chat template refuses this: {error}", provider=self._provider) from error
        return list(encoded["input_ids"])

    def _encode_reply(self, text: str) -> list[int]:
        """Returns the ids of a reply, whose bytes join to it exactly.

        It is encoded by itself and put after the template's generation prompt. This assumes that the template
        puts a reply there as it is (one that strips or adds whitespace would train on another text), and that
        no token would span the border (a generation prompt ends in a special token or a line break). A text
        that looks like a special token is spelled out: it was written by someone, not meant.
        """
        ids = list(self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])
        if b"".join(map(self._bytes_of, ids)) != text.encode():
            raise InvalidRequest("its tokenizer cannot write this text exactly", provider=self._provider)
        return ids
