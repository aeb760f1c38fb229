"""OpenAI, and every server that speaks its Chat Completions or Responses protocol."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from prompts.errors import InputError
from teachers.arrival import check_supported, checked
from teachers.base import Capabilities, Identity, Reply, Request
from teachers.capabilities import capabilities_of
from teachers.errors import TeacherError
from teachers.openai import chat_wire, responses_wire, scoring_wire
from teachers.openai.deferred_types import deferred_types
from teachers.openai.endpoint import Endpoint, endpoint_of
from teachers.openai.parts import cache_key
from teachers.spec import Spec
from teachers.terms import terms_of
from teachers.transport.body import parse_json
from teachers.transport.http import parse_limits
from teachers.transport.keys import read_key, redact_error, refuse_echo

if TYPE_CHECKING:
    import httpx2
    from openai import Omit

    from teachers.transport.http_client import Answer
    from teachers.transport.sdk import Sdk

CHAT, RESPONSES = "chat", "responses"


@dataclass(slots=True, frozen=True)
class Call:
    """A request in one of the protocols: where it goes, what it says, and how its answer is read."""

    path: str
    body: dict[str, Any]
    read: Callable[[object], Reply]


def to_call(request: Request, endpoint: Endpoint, can: Capabilities, *, cache_prefix: bool) -> Call:
    """Returns the call that a request makes of an endpoint whose teacher can do this."""
    key = None
    if cache_prefix and endpoint.is_own:  # other servers may refuse a field that they do not know
        key = cache_key(request)
    chat = endpoint.chat_path(request.identity.model)
    if request.continuation is not None:
        return Call(chat, scoring_wire.to_wire(request), partial(scoring_wire.from_wire, request=request))
    if can.api == RESPONSES:
        return Call("/responses", responses_wire.to_wire(request, cache_key=key), responses_wire.from_wire)
    body = chat_wire.to_wire(request, limit=endpoint.limit, cache_key=key)
    if can.score and request.sampling.top_logprobs:
        body["return_token_ids"] = True  # who scores speaks vLLM's protocol
    return Call(chat, body, chat_wire.from_wire)


class OpenAITeacher:
    """No SDK retries, no redirects; connections follow the requests in flight, the first is opened by the first."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._endpoint = endpoint_of(spec)
        self._cache_prefix = spec.options.cache_prefix
        self._key = read_key(self._endpoint.key, spec)
        self._sdk = _open_sdk(spec, self._endpoint, self._key, timeout_s)

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the model, the base URL where it is not OpenAI's own, and which API is spoken: their answers differ.

        InputError for an API or a version that is not OpenAI's.
        """
        api, version = capabilities_of(spec).api, endpoint_of(spec).api_version
        if api not in (CHAT, RESPONSES):
            raise InputError(f"openai speaks no '{api}'", field="api", remedy=f"Use {CHAT} or {RESPONSES}")
        if version:
            api = f"{api} {version}"
        return Identity("openai", spec.model, spec.base_url, api, terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers one request within the timeout, which covers the whole body."""
        check_supported(self, request)
        call = to_call(request, self._endpoint, self.capabilities, cache_prefix=self._cache_prefix)
        limits = None
        try:
            answer = await self._sdk.post(call.path, call.body)
            # Before the answer is read: with a refusal they are worth most to the pace.
            limits = parse_limits(answer.headers)
            reply = await self._read(call, answer, request)
        except TeacherError as error:
            error.limits = limits
            raise redact_error(error, self._key)  # noqa: B904  # it is the same error
        if limits is None:
            return reply
        return replace(reply, limits=limits)

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        await self._sdk.close()

    async def _read(self, call: Call, answer: Answer, request: Request) -> Reply:
        if answer.is_success:
            reply = call.read(parse_json(answer.content, provider="openai"))
            # A text that is only scored was written by someone else: the schema says nothing of it.
            schema = None if request.continuation is not None else request.schema
            reply = _with_lacks(checked(reply, schema), request)
        else:
            reply = await self._refused(call, answer)
        if named := answer.headers.get("x-request-id"):
            reply = replace(reply, request_id=named)
        return refuse_echo(reply, [self._key], "openai")

    async def _refused(self, call: Call, answer: Answer) -> Reply:
        """Returns the reply where the prompt was filtered; every other refusal is raised."""
        from openai import OpenAIError

        from teachers.openai.errors import is_filtered, translate

        try:
            await self._sdk.refuse(call.path, answer)
        except OpenAIError as error:
            if is_filtered(error):
                return Reply("", "filtered", "content_filter")
            raise translate(error, secret=self._key, variable=self._endpoint.key) from error


def _open_sdk(spec: Spec, endpoint: Endpoint, key: str, timeout_s: float) -> Sdk:
    with deferred_types():
        from openai import AsyncOpenAI

    from teachers.transport.http_client import HttpClient
    from teachers.transport.sdk import Sdk

    def build(http_client: httpx2.AsyncClient) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=key,
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=timeout_s,
            default_query={"api-version": endpoint.api_version} if endpoint.api_version else None,
            http_client=http_client,
        )

    # The URL is always given: without it the SDK reads OPENAI_BASE_URL and the identity would be false.
    http = HttpClient(endpoint.base_url, provider="openai", allowed=spec.options.allow_addresses)
    return Sdk(build, headers_of(endpoint, key), http, timeout_s)


def headers_of(endpoint: Endpoint, key: str) -> dict[str, str | Omit]:
    """Returns the key where its owner wants it, and nothing of the environment for another's host."""
    from openai import Omit

    ambient = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    unwanted = [line.partition(":")[0].strip() for line in ambient if ":" in line]
    if not endpoint.is_own:
        unwanted += ["OpenAI-Organization", "OpenAI-Project"]
    headers: dict[str, str | Omit] = {name: Omit() for name in unwanted}
    if endpoint.owner == "azure":
        return {**headers, "Authorization": Omit(), "api-key": key}
    return {**headers, "Authorization": f"Bearer {key}"}


def _with_lacks(reply: Reply, request: Request) -> Reply:
    """Returns the reply with a warning where it has fewer logprobs than were asked for."""
    most = request.sampling.top_logprobs
    short = sum(len(token.top) < most for token in reply.tokens)
    if short:
        warning = f"{short} of {len(reply.tokens)} tokens have fewer than the {most} alternatives asked for"
    elif most and reply.text and not reply.tokens and not reply.warnings:
        warning = f"no alternatives came, {most} a token were asked for"
    else:
        return reply
    return replace(reply, warnings=(*reply.warnings, warning))
