"""Anthropic, and every server that speaks its Messages API."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from prompts.errors import InputError
from teachers.anthropic.wire import PROVIDER, from_wire, to_wire
from teachers.arrival import check_supported, checked
from teachers.base import Identity, Reply, Request
from teachers.capabilities import capabilities_of
from teachers.errors import TeacherError
from teachers.spec import Spec
from teachers.terms import terms_of
from teachers.transport.body import parse_json
from teachers.transport.http import parse_limits
from teachers.transport.keys import read_key, redact_error, refuse_echo

if TYPE_CHECKING:
    import httpx2
    from anthropic import Omit

    from teachers.transport.http_client import Answer
    from teachers.transport.sdk import Sdk

KEY = "ANTHROPIC_API_KEY"
PATH = "/v1/messages"
OFFICIAL_URL = "https://api.anthropic.com"
API_VERSION = "2026-10-21"
"""The version sent where the recipe names none; an older one is needed to send temperature or top_p."""


class AnthropicTeacher:
    """No SDK retries, no redirects; connections follow the requests in flight, the first is opened by the first."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._key = read_key(KEY, spec)
        self._cache_prefix = spec.options.cache_prefix and self.capabilities.caching
        self._sdk = _open_sdk(spec, self._key, timeout_s)

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """Returns the model, the API's version and, where it is not Anthropic's own, the base URL."""
        version = spec.options.api_version or API_VERSION
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", version, re.ASCII):
            raise InputError(f"'{version}' is no version", field="api_version", remedy=f"For example {API_VERSION}")
        return Identity(PROVIDER, spec.model, spec.base_url, version, terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers one request within the timeout, which covers the whole body."""
        check_supported(self, request)
        limits = None
        try:
            # The SDK's `messages.create` has no older version's parameters, and warns of some models.
            answer = await self._sdk.post(PATH, to_wire(request, cache_prefix=self._cache_prefix))
            # Before the answer is read: with a refusal they are worth most to the pace.
            limits = parse_limits(answer.headers)
            reply = await self._read(answer, request)
        except TeacherError as error:
            error.limits = limits
            raise redact_error(error, self._key)  # noqa: B904  # it is the same error
        return replace(reply, limits=limits)

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        await self._sdk.close()

    async def _read(self, answer: Answer, request: Request) -> Reply:
        if not answer.is_success:
            await self._refuse(answer)
        reply = checked(from_wire(parse_json(answer.content, provider=PROVIDER)), request.schema)
        reply = replace(reply, request_id=answer.headers.get("request-id") or reply.request_id)
        return refuse_echo(reply, [self._key], PROVIDER)

    async def _refuse(self, answer: Answer) -> NoReturn:
        from anthropic import AnthropicError

        from teachers.anthropic.errors import translate

        try:
            await self._sdk.refuse(PATH, answer)
        except AnthropicError as error:
            raise translate(error, secret=self._key) from error


def _open_sdk(spec: Spec, key: str, timeout_s: float) -> Sdk:
    from anthropic import AsyncAnthropic

    from teachers.transport.http_client import HttpClient
    from teachers.transport.sdk import Sdk

    # As it is written for OpenAI's protocol, a base URL may end in /v1; the SDK adds its own.
    url = (spec.base_url or OFFICIAL_URL).removesuffix("/v1")

    def build(http_client: httpx2.AsyncClient) -> AsyncAnthropic:
        # Key and URL are always given: without them the SDK reads ANTHROPIC_AUTH_TOKEN, ANTHROPIC_BASE_URL and
        # profiles on disk, and the identity would be false.
        return AsyncAnthropic(
            api_key=key, base_url=url, max_retries=0, timeout=timeout_s, http_client=http_client, open_telemetry=False
        )

    http = HttpClient(url, provider=PROVIDER, allowed=spec.options.allow_addresses)
    return Sdk(build, headers_of(spec, key), http, timeout_s)


def headers_of(spec: Spec, key: str) -> dict[str, str | Omit]:
    """Ours, and none of those that the SDK takes from ANTHROPIC_CUSTOM_HEADERS behind the recipe's back."""
    from anthropic import Omit

    ambient = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").split("\n")
    headers: dict[str, str | Omit] = {line.partition(":")[0].strip(): Omit() for line in ambient if ":" in line}
    headers["anthropic-version"] = spec.options.api_version or API_VERSION
    headers["authorization"] = f"Bearer {key}"
    if spec.base_url:
        headers["x-api-key"] = key  # the SDK's header before 2.0: some servers read only the one, some the other
    return headers
