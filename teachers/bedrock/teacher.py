"""Amazon Bedrock: Converse for every model, InvokeModel for imported ones, whose logprobs only it returns."""

from __future__ import annotations

from dataclasses import replace

from prompts.errors import InputError
from teachers.arrival import check_supported, checked
from teachers.base import Identity, Reply, Request
from teachers.bedrock import wire
from teachers.bedrock.client import BedrockClient
from teachers.bedrock.daemon_pool import DaemonPool
from teachers.capabilities import capabilities_of
from teachers.errors import TeacherError
from teachers.spec import Spec
from teachers.terms import terms_of
from teachers.threads import on_thread

APIS = ("converse", "invoke")


class BedrockTeacher:
    """boto3 is synchronous: it runs on threads of its own, one for each request in flight."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._cache_prefix = spec.options.cache_prefix and self.capabilities.caching
        self._timeout_s = timeout_s
        self._client = BedrockClient(spec, concurrency=concurrency, timeout_s=timeout_s)
        # As many threads as requests: one that waits for a server blocks its thread.
        self._pool = DaemonPool(concurrency, "bedrock")

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the model, the base URL where it is not AWS's own, and which API is spoken.

        The region is no part of it: a model is the same in every region that offers it. InputError for an API
        that is not Bedrock's.
        """
        api = capabilities_of(spec).api
        if api not in APIS:
            remedy = "Its OpenAI endpoint: openai:MODEL@https://bedrock-runtime.REGION.amazonaws.com/openai/v1"
            raise InputError(f"bedrock speaks converse or invoke, not '{api}'", field="api", remedy=remedy)
        return Identity("bedrock", spec.model, spec.base_url, api, terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers on a thread; one that is cancelled or late runs to its end there and is dropped."""
        check_supported(self, request)
        return await on_thread(self._pool, "bedrock", self._timeout_s, self._answer, request)

    async def close(self) -> None:
        """Drops what has not begun and closes the connections; safe to call twice. Waits for no answer."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _answer(self, request: Request) -> Reply:
        try:
            return self._ask(request)
        except TeacherError as error:
            self._client.hide_secrets(error)
            raise

    def _ask(self, request: Request) -> Reply:
        if self.capabilities.api == "invoke":
            body, request_id = self._client.invoke(request.identity.model, wire.to_invoke(request))
            reply = wire.from_invoke(body)
        else:
            body, request_id = self._client.converse(wire.to_wire(request, cache_prefix=self._cache_prefix))
            reply = wire.from_wire(body)
        reply = checked(replace(reply, request_id=request_id or reply.request_id), request.schema)
        return self._client.refuse_echo(reply)
