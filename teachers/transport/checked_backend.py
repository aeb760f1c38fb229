"""For the lanes that send files through an SDK, over httpx2: addresses are checked, then connected to.

Requests go through `http_client`. Import it late: it loads httpx2.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

import httpcore2

from teachers.errors import TeacherError
from teachers.transport.egress import addresses_of, check_addresses, literal_addresses

SLOW_CONNECT_S = 3.0
"""The time an address has to accept before the host's next one is tried."""


def refusal_in(error: BaseException) -> TeacherError | None:
    """Returns our own error inside an SDK's: what the client refused to send or to read."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, TeacherError):
            return seen
        seen = seen.__cause__
    return None


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
        """Returns a connection to the first address that accepts, in the resolver's order."""
        *others, last = await self._addresses(host, port)
        patience_s = SLOW_CONNECT_S
        if timeout is not None:
            patience_s = min(timeout, SLOW_CONNECT_S)
        # Of a host's addresses one may be dead (IPv6 without a route, often): it must not use up the request's time.
        for address in others:
            try:
                return await self._inner.connect_tcp(address, port, patience_s, local_address, socket_options)
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
        answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"{host}: {error}") from error
    return addresses_of(answers)
