"""The lanes' HTTP over httpx2: a client whose bodies are streamed, and JSON lines read from one.

A batch's results are larger than any body that an adapter reads whole. Import it late: it loads httpx2.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx2

from teachers.errors import InvalidRequest, Malformed, TeacherError, Transient
from teachers.transport.body import parse_json
from teachers.transport.checked_backend import CheckedBackend, refusal_in
from teachers.transport.egress import check_base_url, proxy_for
from teachers.transport.http import MAX_BODY_BYTES
from teachers.transport.keys import redact_error

CONNECTIONS = 8
"""Jobs are few: each connection asks after one, or reads its results."""


def open_streaming_client(
    base_url: str, *, provider: str, allowed: Iterable[str], timeout_s: float
) -> httpx2.AsyncClient:
    """Returns a client for `base_url` alone, as `http_client.open_client`; but a body comes as it is read.

    `timeout_s` is for each read and each write. InputError where the URL is refused.
    """
    check_base_url(base_url, allowed)
    # No limit: a call must not wait for a connection where its time is already running.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=CONNECTIONS)
    transport = StreamingHost(base_url, provider, tuple(allowed), limits)
    return httpx2.AsyncClient(transport=transport, follow_redirects=False, timeout=httpx2.Timeout(timeout_s))


class StreamingHost(httpx2.AsyncHTTPTransport):
    """Sends to one origin, at addresses that were checked, and leaves a body to whoever reads it."""

    def __init__(self, base_url: str, provider: str, allowed: tuple[str, ...], limits: httpx2.Limits) -> None:
        proxy = proxy_for(base_url)
        super().__init__(limits=limits, proxy=proxy)
        self._origin, self._provider = _origin(httpx2.URL(base_url)), provider
        if proxy is None:
            # httpx2 has no argument for it; a test resolves a name to a refused address and sees it refused.
            self._pool._network_backend = CheckedBackend(allowed, provider)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Returns the response, its body unread."""
        if _origin(request.url) != self._origin:
            raise InvalidRequest(f"refuses to send to {request.url.host}", provider=self._provider)
        return await super().handle_async_request(request)


@dataclass(slots=True, frozen=True)
class SdkParts:
    """The parts in which the providers' SDKs differ."""

    provider: str
    stream_cls: type[Any]
    """The SDK's class of a streamed answer; without one it reads bodies whole."""
    raises: type[Exception]
    """The root of its exceptions."""
    translate: Callable[[Exception], TeacherError]
    """Makes our error of one of them."""


class Caller:
    """Sends through an SDK's client, which owns addresses, headers and error classes, and reads what comes.

    Raises TeacherError and nothing else. `headers` go with every call.
    """

    def __init__(self, client: Any, sdk: SdkParts, headers: Mapping[str, Any], secret: str) -> None:
        self._client, self._sdk, self._headers, self._secret = client, sdk, headers, secret
        self._provider = sdk.provider

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> httpx2.Response:
        """Returns the response to a call, its body unread. `body` holds the SDK's `body`, `content` or `files`."""
        options = {"headers": {**self._headers, **(headers or {})}, "params": dict(query or {})}
        streamed: dict[str, Any] = {}
        if method != "delete":  # which the SDKs do not stream
            streamed = {"stream": True, "stream_cls": self._sdk.stream_cls}
        call = getattr(self._client, method)
        try:
            response: httpx2.Response = await call(path, cast_to=httpx2.Response, options=options, **streamed, **body)
            return response
        except self._sdk.raises as error:
            if isinstance(error.__cause__, RuntimeError):
                raise InvalidRequest(str(error.__cause__), provider=self._provider) from error  # it is closed
            raise refusal_in(error) or self._sdk.translate(error) from error
        except httpx2.HTTPError as error:  # an error's body that broke off
            raise Transient(f"the answer broke off: {type(error).__name__}", provider=self._provider) from error
        except RuntimeError as error:  # the client is closed
            raise InvalidRequest(str(error), provider=self._provider) from error

    async def json(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """Returns the object in an answer."""
        return await self.read(await self.send(method, path, **parts))

    async def read(self, response: httpx2.Response) -> dict[str, Any]:
        """Returns the object in a response's body."""
        try:
            value = parse_json(await whole_body(response, provider=self._provider), provider=self._provider)
        except TeacherError as error:
            raise redact_error(error, self._secret)  # noqa: B904  # it is the same error
        if not isinstance(value, dict):
            raise Malformed(f"answered a {type(value).__name__}, not an object", provider=self._provider)
        return value

    async def lines(self, path: str) -> AsyncGenerator[object, None]:
        """Yields the values of the lines at a path, as `json_lines`."""
        response = await self.send("get", path)
        async with aclosing(json_lines(response, provider=self._provider)) as values:
            async for value in values:
                yield value

    async def delete(self, path: str) -> None:
        """Deletes what is at a path, if it is still there."""
        try:
            await self.json("delete", path)
        except InvalidRequest as error:
            if error.status != 404:
                raise


async def json_lines(response: httpx2.Response, *, provider: str) -> AsyncGenerator[object, None]:
    """Yields the values of a body's lines; None for a line that is not JSON. Transient where the body breaks off."""
    try:
        async for line in _lines(response, provider):
            if line.strip():
                yield _value(line)
    except httpx2.HTTPError as error:
        raise Transient(f"the results broke off: {type(error).__name__} {error}", provider=provider) from error
    finally:
        await response.aclose()


async def whole_body(response: httpx2.Response, *, provider: str) -> bytes:
    """Returns a body read whole, up to MAX_BODY_BYTES."""
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            _check_size(len(content), provider)
    except httpx2.HTTPError as error:
        raise Transient(f"the answer broke off: {type(error).__name__} {error}", provider=provider) from error
    finally:
        await response.aclose()
    return bytes(content)


async def _lines(response: httpx2.Response, provider: str) -> AsyncGenerator[bytes, None]:
    """Lines cut at newlines alone: JSON may hold U+2028 and its like, which `aiter_lines` cuts at too."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
        _check_size(len(rest), provider)
    yield rest


def _value(line: bytes) -> object:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value


def _check_size(size: int, provider: str) -> None:
    if size > MAX_BODY_BYTES:
        raise Malformed(f"answered more than {MAX_BODY_BYTES >> 20} MiB", provider=provider)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
