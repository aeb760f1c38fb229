"""Connections: used again, replaced when they were closed, and never a request sent twice."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import client_exceptions
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from yarl import URL

from teachers.errors import AuthError, InvalidRequest, TeacherError, Transient
from teachers.transport import http_client
from teachers.transport.http_client import KINDS, HttpClient, kind_of
from tests.servers.faults import Answer, FaultServer

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
DAY = timedelta(days=1)
SECRET = b"what the server wrote"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

Handler = Callable[["Connection"], Awaitable[None]]


class Connection:
    """One connection of a server that a test drives: it reads requests and writes bytes."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[int], number: int
    ) -> None:
        self._reader, self._writer, self._seen, self.number = reader, writer, seen, number

    async def read(self) -> bool:
        """Reads one request; False where the client has closed."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        length = _LENGTH.search(head)
        await self._reader.readexactly(int(length[1]) if length else 0)
        self._seen.append(self.number)
        return True

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def serving(handle: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[int]]]:
    """A server's URL, and the number of the connection that each request came on."""
    seen: list[int] = []
    numbers = iter(range(1000))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, seen, next(numbers))
        try:
            await handle(connection)
        except ConnectionError:
            pass
        finally:
            connection.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", seen


async def answer_all(connection: Connection) -> None:
    while await connection.read():
        connection.write(OK)


async def answer_one(connection: Connection) -> None:
    """Closes after the answer without a word of it in the headers."""
    await connection.read()
    connection.write(OK)


async def answer_one_and_drop_the_next(connection: Connection) -> None:
    await connection.read()
    connection.write(OK)
    await connection.read()


def run(handle: Handler, job: Callable[[Callable[[], Awaitable[int]]], Awaitable[Any]]) -> tuple[Any, list[int]]:
    """What a job makes of a client's posts, and the connection that each request came on."""

    async def main() -> tuple[Any, list[int]]:
        async with serving(handle) as (url, seen):
            client = HttpClient(url, provider="openai")

            async def post() -> int:
                async with asyncio.timeout(10):
                    return (await client.post(URL(url), {}, b"{}")).status

            try:
                return await job(post), seen
            finally:
                await client.close()

    return asyncio.run(main())


async def thrice(post: Callable[[], Awaitable[int]]) -> list[int]:
    return [await post() for _ in range(3)]


def test_a_connection_is_used_again() -> None:
    assert run(answer_all, thrice) == ([200, 200, 200], [0, 0, 0])


def test_there_are_as_many_connections_as_requests_in_flight() -> None:
    everybody = asyncio.Barrier(300)

    async def when_all_are_here(connection: Connection) -> None:
        while await connection.read():
            await everybody.wait()
            connection.write(OK)

    async def job(post: Callable[[], Awaitable[int]]) -> set[int]:
        return {*await asyncio.gather(*(post() for _ in range(300)))}

    statuses, seen = run(when_all_are_here, job)
    assert statuses == {200}
    assert sorted(seen) == list(range(300))


def test_an_idle_connection_that_was_closed_is_replaced_without_an_error() -> None:
    async def job(post: Callable[[], Awaitable[int]]) -> list[int]:
        statuses = []
        for _ in range(20):
            statuses.append(await post())
            await asyncio.sleep(0.01)
        return statuses

    assert run(answer_one, job) == ([200] * 20, list(range(20)))


def test_one_that_is_closed_while_the_loop_is_busy_too(faults: FaultServer) -> None:
    """The other end's close is in the kernel, and no turn of the loop has read it when the next request starts."""
    import time

    faults.responder = lambda seen: Answer(200, b"{}", cut_to=2)  # closes after it, without saying so

    async def job() -> list[int]:
        client = HttpClient(faults.url, provider="openai")
        try:
            statuses = []
            for _ in range(20):
                statuses.append((await client.post(URL(faults.url), {}, b"{}")).status)
                time.sleep(0.02)  # noqa: ASYNC251  # what is tested is a loop that is held up
            return statuses
        finally:
            await client.close()

    assert asyncio.run(job()) == [200] * 20
    assert len(faults.requests) == 20


def test_an_old_connection_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "KEEPALIVE_S", 0.05)

    async def job(post: Callable[[], Awaitable[int]]) -> None:
        await post()
        await asyncio.sleep(0.1)
        await post()

    assert run(answer_all, job)[1] == [0, 1]


def test_a_request_that_may_have_been_read_is_not_sent_again() -> None:
    async def job(post: Callable[[], Awaitable[int]]) -> int:
        await post()
        with pytest.raises(Transient, match="Server disconnected"):
            await post()
        return await post()

    assert run(answer_one_and_drop_the_next, job) == (200, [0, 0, 1])


@pytest.mark.parametrize(
    "said",
    [
        SECRET + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + SECRET + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + SECRET,
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n{}",
        b"",
    ],
)
def test_what_is_not_http_is_transient_and_its_words_stay_out_of_the_chain(said: bytes) -> None:
    async def babble(connection: Connection) -> None:
        await connection.read()
        connection.write(said)

    async def job(post: Callable[[], Awaitable[int]]) -> TeacherError:
        with pytest.raises(TeacherError) as caught:
            await post()
        return caught.value

    error, seen = run(babble, job)
    assert type(error) is Transient
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert seen == [0]


@pytest.mark.parametrize(("status", "kind"), [(407, AuthError), (403, AuthError), (502, Transient)])
def test_a_proxy_that_refuses_is_told_from_a_server(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch, status: int, kind: type[TeacherError]
) -> None:
    async def refuse(connection: Connection) -> None:
        await connection.read()
        connection.write(b"HTTP/1.1 %d No\r\ncontent-length: 0\r\n\r\n" % status)

    async def main() -> None:
        async with serving(refuse) as (proxy, seen):
            monkeypatch.setenv("https_proxy", proxy)
            client = HttpClient("https://far.example/v1", provider="openai")
            try:
                with pytest.raises(kind, match=f"the proxy answered {status}"):
                    await client.post(URL("https://far.example/v1"), {}, b"{}")
                assert seen == [0]
            finally:
                await client.close()

    asyncio.run(main())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and the certificate for localhost that it signed itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + DAY)
    named = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    signed = named.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = signed.sign(key, SHA256()).public_bytes(Encoding.PEM)
    file = tmp_path / "certificate.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + pem)
    return file


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_that_nobody_trusts_is_refused_with_what_to_do(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def main() -> int:
        async with serving(answer_all, context) as (url, _):
            url = url.replace("http://127.0.0.1", "https://localhost")
            client = HttpClient(url, provider="openai")
            try:
                return (await client.post(URL(url), {}, b"{}")).status
            finally:
                await client.close()

    if trusted:
        assert asyncio.run(main()) == 200
    else:
        with pytest.raises(Transient, match="Name your certificates in SSL_CERT_FILE"):
            asyncio.run(main())


def test_a_closed_client_and_a_bad_header_are_the_callers_fault(faults: FaultServer) -> None:
    async def main() -> None:
        client = HttpClient(faults.url, provider="openai")
        with pytest.raises(InvalidRequest):
            await client.post(URL(faults.url), {"x": "a\r\nb: c"}, b"{}")
        await client.close()
        await client.close()
        with pytest.raises(InvalidRequest, match="closed"):
            await client.post(URL(faults.url), {}, b"{}")

    asyncio.run(main())
    assert faults.requests == []


def exceptions() -> list[type[Exception]]:
    named = (getattr(client_exceptions, name) for name in client_exceptions.__all__)
    return [item for item in named if issubclass(item, Exception)]


@pytest.mark.parametrize("kind", exceptions())
def test_every_exception_of_aiohttps_has_one_of_ours(kind: type[Exception]) -> None:
    # WSMessageTypeError comes from web sockets alone.
    if kind is not client_exceptions.WSMessageTypeError:
        assert issubclass(kind, aiohttp.ClientError)
        assert issubclass(kind_of(kind), TeacherError)
    assert all(issubclass(ours, TeacherError) for ours in KINDS.values())
