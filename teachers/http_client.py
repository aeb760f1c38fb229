"""The HTTP client of the adapters whose SDK is built on httpx2: one host, checked addresses, bounded bodies.

Import it late: it loads httpx2, which the extras `openai` and `anthropic` install.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from contextlib import aclosing
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from teachers.egress import addresses_of, check_addresses, check_base_url, literal_addresses
from teachers.errors import InvalidRequest, Malformed, TeacherError
from teachers.http import MAX_BODY_BYTES

SLOW_CONNECT_S = 3.0
"""How long an address may take to accept before the host's next one is tried."""


_BODY_HEADERS = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


def open_client(
    base_url: str, *, provider: str, allowed: Iterable[str] = (), concurrency: int = 1, timeout_s: float = 600.0
) -> httpx2.AsyncClient:
    """A client for `base_url` alone; give it to an SDK as `http_client`. InputError where the URL is refused.

    It follows no redirect, sends nothing to another host, and connects only to addresses it has checked,
    resolving once: nothing can change between the check and the connection. Where the environment names a
    proxy for the host, the proxy is who is connected to, and it resolves the name; a loopback host has none.
    What it refuses is a TeacherError; an SDK wraps it, and `refusal_in` finds it again.
    """
    check_base_url(base_url, allowed)
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=max(concurrency, 1))
    transport = OneHost(base_url, provider, tuple(allowed), limits)
    return httpx2.AsyncClient(transport=transport, follow_redirects=False, timeout=httpx2.Timeout(timeout_s))


def refusal_in(error: BaseException) -> TeacherError | None:
    """Our own error inside an SDK's: what the client refused to send or to read."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, TeacherError):
            return seen
        seen = seen.__cause__
    return None


def proxy_for(base_url: str) -> str | None:
    """The proxy that the environment names for this URL; none for this machine."""
    parts = urlsplit(base_url)
    host, proxies = parts.hostname or "", getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or _is_loopback(host) or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


class OneHost(httpx2.AsyncHTTPTransport):
    """Sends to one origin and reads each body whole, up to MAX_BODY_BYTES once decoded."""

    def __init__(self, base_url: str, provider: str, allowed: tuple[str, ...], limits: httpx2.Limits) -> None:
        proxy = proxy_for(base_url)
        super().__init__(limits=limits, proxy=proxy)
        self._origin, self._provider = _origin(httpx2.URL(base_url)), provider
        if proxy is None:
            # httpx2 has no argument for it; a test resolves a name to a refused address and sees it refused.
            self._pool._network_backend = CheckedBackend(allowed, provider)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response, its body read and decoded."""
        if _origin(request.url) != self._origin:
            raise InvalidRequest(f"refuses to send to {request.url.host}", provider=self._provider)
        answer = await super().handle_async_request(request)
        content = await self._read(answer)
        # The body is decoded here; what remains of its encoding would have it decoded twice.
        told = [(name, value) for name, value in answer.headers.raw if name.lower() not in _BODY_HEADERS]
        return httpx2.Response(answer.status_code, headers=told, content=content, extensions=answer.extensions)

    async def _read(self, answer: httpx2.Response) -> bytes:
        content = bytearray()
        try:
            async with aclosing(answer.aiter_bytes()) as chunks:
                async for chunk in chunks:
                    content += chunk
                    if len(content) > MAX_BODY_BYTES:
                        problem = f"answered more than {MAX_BODY_BYTES >> 20} MiB"
                        raise Malformed(problem, provider=self._provider, status=answer.status_code)
        finally:
            await answer.aclose()
        return bytes(content)


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves a host, checks every address it has, and connects to one of those."""

    def __init__(self, allowed: tuple[str, ...], provider: str) -> None:
        self._inner = httpcore2.AnyIOBackend()
        self._allowed, self._provider = allowed, provider

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first address that accepts, in the resolver's order."""
        *others, last = await self._addresses(host, port)
        for address in others:
            patience = SLOW_CONNECT_S if timeout is None else min(timeout, SLOW_CONNECT_S)
            try:
                return await self._inner.connect_tcp(address, port, patience, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        addresses = literal_addresses(host) or await _resolve(host, port)
        check_addresses(host, addresses, self._allowed, provider=self._provider)
        return addresses


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"{host}: {error}") from error
    return addresses_of(found)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    return any(ipaddress.ip_address(text).is_loopback for text in literal_addresses(host))
