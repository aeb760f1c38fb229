"""Anthropic, and every server that speaks its Messages API."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from prompts.errors import InputError
from teachers.anthropic_wire import PROVIDER, from_wire, to_wire
from teachers.arrival import check_supported, checked
from teachers.base import Identity, Reply, Request
from teachers.body import parse_json
from teachers.capabilities import capabilities_of
from teachers.errors import TeacherError, Transient
from teachers.keys import read_key, redact_error, refuse_echo
from teachers.spec import Spec
from teachers.terms import terms_of

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic, Omit

KEY = "ANTHROPIC_API_KEY"
OFFICIAL_URL = "https://api.anthropic.com"
API_VERSION = "2026-10-21"
"""The version sent where the recipe names none; an older one is needed to send temperature or top_p."""


class AnthropicTeacher:
    """One client, no SDK retries, no redirects; a connection is opened by the first request."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._key = read_key(KEY, spec)
        self._timeout_s = timeout_s
        self._cache_prefix = spec.options.cache_prefix and self.capabilities.caching
        self._client = _open_client(spec, self._key, concurrency, timeout_s)
        self._headers = _headers(spec, self._key)

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """The model, the API's version and, where it is not Anthropic's own, the base URL."""
        version = spec.options.api_version or API_VERSION
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", version, re.ASCII):
            raise InputError(f"'{version}' is no version", field="api_version", remedy=f"For example {API_VERSION}")
        return Identity(PROVIDER, spec.model, spec.base_url, version, terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers one request within the timeout, which covers the whole body."""
        check_supported(self, request)
        try:
            async with asyncio.timeout(self._timeout_s):
                content, request_id = await self._send(request)
        except TimeoutError as error:
            raise Transient(f"no answer within {self._timeout_s:g} s", provider=PROVIDER) from error
        try:
            reply = from_wire(parse_json(content, provider=PROVIDER))
        except TeacherError as error:
            redact_error(error, self._key)
            raise
        reply = replace(checked(reply, request.schema), request_id=request_id or reply.request_id)
        return refuse_echo(reply, [self._key], PROVIDER)

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        await self._client.close()

    async def _send(self, request: Request) -> tuple[bytes, str | None]:
        """The body, and the provider's request id."""
        from anthropic import AnthropicError
        from httpx2 import Response

        from teachers.anthropic_errors import translate
        from teachers.http_client import refusal_in

        body = to_wire(request, cache_prefix=self._cache_prefix)
        try:
            # `messages.create` has no older version's parameters, and raises DeprecationWarning for some models.
            raw = await self._client.post(
                "/v1/messages", body=body, cast_to=Response, options={"headers": self._headers}
            )
        except AnthropicError as error:
            refused = refusal_in(error)
            if refused is not None:
                raise refused from None
            raise translate(error, secret=self._key) from error
        return raw.content, raw.headers.get("request-id")


def _open_client(spec: Spec, key: str, concurrency: int, timeout_s: float) -> AsyncAnthropic:
    from anthropic import AsyncAnthropic

    from teachers.http_client import open_client

    # As it is written for OpenAI's protocol, a base URL may end in /v1; the SDK adds its own.
    url = (spec.base_url or OFFICIAL_URL).removesuffix("/v1")
    allowed = spec.options.allow_addresses
    http_client = open_client(url, provider=PROVIDER, allowed=allowed, concurrency=concurrency, timeout_s=timeout_s)
    # Key and URL are always given: without them the SDK reads ANTHROPIC_AUTH_TOKEN, ANTHROPIC_BASE_URL and
    # profiles on disk, and the identity would be false.
    return AsyncAnthropic(
        api_key=key, base_url=url, max_retries=0, timeout=timeout_s, http_client=http_client, open_telemetry=False
    )


def _headers(spec: Spec, key: str) -> dict[str, str | Omit]:
    """Ours, and none of those that the SDK takes from ANTHROPIC_CUSTOM_HEADERS behind the recipe's back."""
    from anthropic import Omit

    ambient = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").split("\n")
    headers: dict[str, str | Omit] = {line.partition(":")[0].strip(): Omit() for line in ambient if ":" in line}
    headers["anthropic-version"] = spec.options.api_version or API_VERSION
    headers["authorization"] = f"Bearer {key}"
    if spec.base_url:
        headers["x-api-key"] = key  # the SDK's header before 2.0: some servers read only the one, some the other
    return headers
