"""The HTTP client of the adapters whose APIs speak JSON over POST: one host, checked addresses, bounded bodies.

Import it late: it loads aiohttp and httpx2, which the extras `openai` and `anthropic` install. Why it is not the
SDKs' own is in docs/decisions/0009-the-bytes-go-through-aiohttp.md.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from teachers.errors import AuthError, InvalidRequest, Malformed, TeacherError, Transient
from teachers.transport.egress import check_addresses, check_base_url, proxy_for
from teachers.transport.http import MAX_BODY_BYTES
from teachers.transport.inflate import ENCODINGS, inflate

KEEPALIVE_S = 4.0
"""The time an idle connection is kept: less than the servers, so that none is closed under a request. Node and
uvicorn (vLLM, SGLang) close after 5 s, which is the least of the usual ones."""

BIG_BODY_BYTES = 2**20
"""Above this aiohttp wants a file, which it sends piece by piece, and warns of bytes."""

KINDS: dict[type[aiohttp.ClientError], type[TeacherError]] = {
    aiohttp.InvalidURL: InvalidRequest,
    aiohttp.ClientError: Transient,
}
"""The kind of each exception of aiohttp's; a proxy's refusal is read by its status."""


@dataclass(slots=True, frozen=True)
class Answer:
    """A server's answer, read whole."""

    status: int
    headers: Mapping[str, str]
    """By names in any case."""
    content: bytes
    """The whole body, decoded."""

    @property
    def is_success(self) -> bool:
        """True for a 2xx."""
        return 200 <= self.status < 300


class HttpClient:
    """Sends to the origin of `base_url` alone and reads each body whole, up to MAX_BODY_BYTES once decoded.

    It follows no redirect, keeps no cookie, retries nothing, and connects only to addresses it has checked,
    resolving once: nothing can change between the check and the connection. Where the environment names a
    proxy for the host, the proxy is who is connected to, and it resolves the name; a loopback host has none.
    InputError where the URL is refused. The first request opens the first connection; there are as many as
    requests in flight, and those that fall idle are used again.
    """

    def __init__(self, base_url: str, *, provider: str, allowed: Iterable[str] = ()) -> None:
        check_base_url(base_url, allowed)
        self._origin, self.provider, self._allowed = URL(base_url).origin(), provider, tuple(allowed)
        self._proxy = proxy_for(base_url)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def post(self, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Returns the answer, whatever its status. Raises TeacherError alone; the caller sets the time limit."""
        # The last line of defence: no answer of a server's, and no path, may lead the key elsewhere.
        if url.origin() != self._origin:
            raise InvalidRequest(f"refuses to send to {url.host}", provider=self.provider)
        session = self._open()
        await _notice_closed_connections()
        data = body if len(body) <= BIG_BODY_BYTES else BytesIO(body)
        try:
            async with session.post(
                url, data=data, headers=headers, proxy=self._proxy, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers, await self._read(response))
        except aiohttp.ClientError as error:
            # The chain may hold what the server wrote, and servers echo keys: the message has all that is told.
            raise self._translate(error) from None
        except OSError as error:
            raise Transient(f"Connection error ({error})", provider=self.provider) from error
        except (RuntimeError, ValueError) as error:  # closed meanwhile; a header that cannot be sent
            raise InvalidRequest(str(error), provider=self.provider) from error

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise InvalidRequest("the client is closed", provider=self.provider)
        if self._session is None:  # only now: a session belongs to the running loop
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                # A gateway's cookie would tie requests to one of its servers.
                cookie_jar=aiohttp.DummyCookieJar(),
                # The caller's limit covers connecting and the whole body.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                # aiohttp's own unpacking knows no limit.
                auto_decompress=False,
            )
        return self._session

    def _connector(self) -> aiohttp.TCPConnector:
        # A proxy resolves the name itself: what this machine would find says nothing of where it connects.
        checked = None if self._proxy else CheckedResolver(self._allowed, self.provider)
        trust: ssl.SSLContext | bool = True
        if self._origin.scheme == "https":
            trust = httpx2.create_ssl_context()  # the SDKs' trust in certificates
        # No limit: a request must not wait where its time is already running.
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S, resolver=checked, ssl=trust)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        received = bytearray()
        async for chunk in response.content.iter_any():
            received += chunk
            if len(received) > MAX_BODY_BYTES:
                raise self._too_much(response.status)
        content = bytes(received)
        # Encodings are listed in the order they were applied (RFC 9110, 8.4).
        for name in reversed(response.headers.get("content-encoding", "").split(",")):
            content = self._decode(content, name.strip().lower(), response.status)
        return content

    def _decode(self, content: bytes, encoding: str, status: int) -> bytes:
        if encoding not in ENCODINGS:
            return content
        try:
            decoded = inflate(content, MAX_BODY_BYTES)
        except ValueError as error:
            raise Transient(f"answered what is not {encoding}: {error}", provider=self.provider) from error
        if decoded is None:
            raise self._too_much(status)
        return decoded

    def _too_much(self, status: int) -> TeacherError:
        return Malformed(f"answered more than {MAX_BODY_BYTES >> 20} MiB", provider=self.provider, status=status)

    def _translate(self, error: aiohttp.ClientError) -> TeacherError:
        if isinstance(error, aiohttp.ClientHttpProxyError):
            # A proxy has statuses of its own, among which 407 is its "no key".
            kind = AuthError if error.status in (401, 403, 407) else Transient
            return kind(f"the proxy answered {error.status} {error.message}", provider=self.provider)
        problem, remedy = str(error) or type(error).__name__, None
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            remedy = "Name your certificates in SSL_CERT_FILE"
        return kind_of(type(error))(f"Connection error ({problem})", provider=self.provider, remedy=remedy)


class CheckedResolver(AbstractResolver):
    """Resolves a host and checks every address it has; the connector connects to those and asks nobody again."""

    def __init__(self, allowed: tuple[str, ...], provider: str) -> None:
        self._allowed, self._provider = allowed, provider

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns the addresses, in the resolver's order; Refused where one of them is."""
        loop = asyncio.get_running_loop()
        answers = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        results = [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=protocol, flags=0)
            for kind, _, protocol, _, address in answers
        ]
        check_addresses(host, [result["host"] for result in results], self._allowed, provider=self._provider)
        return results

    async def close(self) -> None:
        """Has nothing to close."""


def kind_of(error: type[aiohttp.ClientError]) -> type[TeacherError]:
    """Returns our kind for an exception class of aiohttp's."""
    return next(KINDS[base] for base in error.__mro__ if base in KINDS)


async def _notice_closed_connections() -> None:
    """Lets the loop read what has arrived on idle connections.

    A server may close one while the loop was busy or the machine asleep. A request sent on it would fail, and
    nobody could tell whether it was read: so it must not be sent there, and never be sent again here. The
    first turn of the loop polls the sockets, the second has handled what it found.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)
