"""OpenAI, and every server that speaks its Chat Completions protocol."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from teachers.arrival import check_supported, checked
from teachers.base import Identity, Reply, Request
from teachers.capabilities import capabilities_of
from teachers.chat_wire import from_wire, to_wire
from teachers.errors import AuthError, InvalidRequest, Malformed, Transient
from teachers.spec import Spec
from teachers.terms import terms_of

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEY = "OPENAI_API_KEY"
OFFICIAL_URL = "https://api.openai.com/v1"
NO_KEY = "no-key-needed"


class OpenAITeacher:
    """One client, no SDK retries, no redirects; a connection is opened by the first request."""

    def __init__(self, spec: Spec, *, concurrency: int = 1, timeout_s: float = 600.0) -> None:
        self.identity = self.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._key = _read_key(spec)
        self._timeout_s = timeout_s
        self._limit = "max_tokens" if spec.base_url else "max_completion_tokens"
        self._client = _open_client(spec, self._key, timeout_s)

    @staticmethod
    def identify(spec: Spec) -> Identity:
        """The model and, where it is not OpenAI's own, the base URL; terms are known for OpenAI's own."""
        return Identity("openai", spec.model, spec.base_url, terms=terms_of(spec))

    async def complete(self, request: Request) -> Reply:
        """Answers one request within the timeout, which covers the whole body."""
        check_supported(self, request)
        try:
            async with asyncio.timeout(self._timeout_s):
                content, request_id = await self._send(request)
        except TimeoutError as error:
            raise Transient(f"no answer within {self._timeout_s:g} s", provider="openai") from error
        if content is None:
            return Reply("", "filtered", "content_filter", request_id=request_id)
        reply = checked(from_wire(_parse(content)), request.schema)
        return replace(reply, request_id=request_id or reply.request_id)

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        await self._client.close()

    async def _send(self, request: Request) -> tuple[bytes | None, str | None]:
        """The body and the provider's request id; no body where the prompt was filtered."""
        from openai import APIStatusError, OpenAIError

        from teachers.openai_errors import is_filtered, translate

        try:
            raw = await self._client.chat.completions.with_raw_response.create(**to_wire(request, limit=self._limit))
            return raw.http_response.content, raw.request_id
        except OpenAIError as error:
            if is_filtered(error) and isinstance(error, APIStatusError):
                return None, error.request_id
            raise translate(error, provider="openai", secret=self._key) from error
        except RuntimeError as error:  # the client is closed
            raise InvalidRequest(str(error), provider="openai") from error


def _read_key(spec: Spec) -> str:
    key = os.environ.get(KEY, "").strip() or (NO_KEY if spec.is_loopback else None)
    if key is None:
        raise AuthError("no key", provider="openai", remedy=f"Set {KEY} in the environment")
    if not (key.isascii() and key.isprintable()):
        raise AuthError("the key holds characters no header can carry", provider="openai", remedy=f"Set {KEY} again")
    return key


def _open_client(spec: Spec, key: str, timeout_s: float) -> AsyncOpenAI:
    from openai import AsyncOpenAI, DefaultAsyncHttpx2Client, Timeout

    http_client = DefaultAsyncHttpx2Client(
        follow_redirects=False,  # a redirect could carry the prompts to another host
        timeout=Timeout(timeout_s),
        trust_env=not spec.is_loopback,  # a proxy must not be asked for this machine
    )
    # The URL is always given: without it the SDK reads OPENAI_BASE_URL and the identity would be false.
    return AsyncOpenAI(api_key=key, base_url=spec.base_url or OFFICIAL_URL, max_retries=0, http_client=http_client)


def _parse(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        start = content[:60].decode("utf-8", "replace")
        raise Malformed(f"answered what is not JSON: {start!r}", provider="openai") from error
