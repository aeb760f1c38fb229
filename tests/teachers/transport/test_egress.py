"""Where requests may go, against the real resolver's spellings and a real server."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from yarl import URL

from prompts.errors import InputError
from teachers.batch.http import open_streaming_client
from teachers.errors import InvalidRequest, Malformed, TeacherError, Transient
from teachers.transport import http_client
from teachers.transport.checked_backend import refusal_in
from teachers.transport.egress import Refused, check_base_url, check_host, proxy_for
from teachers.transport.http_client import HttpClient
from tests.servers.faults import Answer, FaultServer

METADATA = "169.254.169.254"
SPELLINGS = [
    METADATA,
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[::a9fe:a9fe]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fd00:ec2::254]",
    "100.100.100.200",
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_in_a_base_url_is_refused_at_opening(host: str) -> None:
    with pytest.raises(InputError, match="link-local or metadata") as caught:
        HttpClient(f"http://{host}:8000/v1", provider="openai")
    assert "allow_addresses: ['" in str(caught.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.5", "169.253.1.1", "a.example", "[fd00::1]"]
)
def test_all_else_is_not(host: str) -> None:
    check_base_url(f"http://{host}:8000/v1")


@pytest.mark.parametrize("host", ["169.254.10.7", "0xa9fe0a07", "[::ffff:169.254.10.7]"])
def test_what_the_recipe_names_is_allowed_and_no_more(host: str) -> None:
    check_base_url(f"http://{host}/v1", ["169.254.10.7"])
    with pytest.raises(InputError):
        check_base_url(f"http://{host}/v1", ["169.254.10.8"])


def test_what_is_no_address_cannot_be_allowed() -> None:
    with pytest.raises(InputError, match="'metadata' is no IP address"):
        check_base_url("http://a.example/v1", ["metadata"])


Resolver = Callable[[str, list[str]], None]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Gives a name its addresses; everything else about the resolver is the real one."""
    real = socket.getaddrinfo
    names: dict[str, list[str]] = {}

    def getaddrinfo(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        if host in names and not named.get("flags"):
            return [found for address in names[host] for found in real(address, port, *args, **named)]
        return real(host, port, *args, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names.__setitem__


Get = Callable[[str, str], tuple[int, bytes]]
"""Sends to a URL with a client for a base URL; the status and the body."""


def by_our_client(url: str, base_url: str) -> tuple[int, bytes]:
    async def run() -> tuple[int, bytes]:
        client = HttpClient(base_url, provider="openai")
        try:
            answer = await client.post(URL(url), {}, b"{}")
            return answer.status, answer.content
        finally:
            await client.close()

    return asyncio.run(run())


def by_the_lanes_client(url: str, base_url: str) -> tuple[int, bytes]:
    """As an SDK whose errors are unwrapped."""

    async def run() -> tuple[int, bytes]:
        async with open_streaming_client(base_url, provider="openai", allowed=(), timeout_s=5.0) as client:
            try:
                response = await client.get(url)
            except httpx2.ConnectError as error:
                raise Transient(str(error), provider="openai") from error
            return response.status_code, response.content

    return asyncio.run(run())


@pytest.fixture(params=[by_our_client, by_the_lanes_client])
def get(request: pytest.FixtureRequest) -> Get:
    found: Get = request.param
    return found


@pytest.mark.parametrize("addresses", [[METADATA], ["127.0.0.1", METADATA], ["fe80::1"]])
def test_a_name_with_a_refused_address_is_not_connected_to(get: Get, resolve: Resolver, addresses: list[str]) -> None:
    resolve("innocent.example", addresses)
    with pytest.raises(Refused, match="refuses to talk to innocent") as caught:
        get("http://innocent.example/", "http://innocent.example/v1")
    assert not caught.value.retryable


def test_a_name_goes_to_the_address_that_was_checked(get: Get, resolve: Resolver, faults: FaultServer) -> None:
    """And to the next one where the first does not accept; the Host header keeps the name."""
    resolve("teacher.example", ["127.0.0.2", "127.0.0.1"])
    url = faults.url.replace("127.0.0.1", "teacher.example")
    assert get(url, url)[0] == 200
    assert faults.requests[0].headers["host"].startswith("teacher.example:")


def test_check_host_for_clients_that_connect_by_themselves(resolve: Resolver) -> None:
    resolve("innocent.example", ["127.0.0.1", METADATA])
    with pytest.raises(Refused, match=f"bedrock: .*{METADATA}"):
        check_host("innocent.example", 443, provider="bedrock")
    assert check_host("innocent.example", 443, [METADATA], provider="bedrock") == ["127.0.0.1", METADATA]
    assert check_host("no-such-host.invalid", 443, provider="bedrock") == []


def test_an_unknown_host_is_a_connection_error(get: Get) -> None:
    with pytest.raises(Transient, match=r"no-such-host\.invalid"):
        get("http://no-such-host.invalid/", "http://no-such-host.invalid/v1")


def test_no_other_host_and_no_redirect(get: Get, faults: FaultServer) -> None:
    with FaultServer() as elsewhere:
        with pytest.raises(InvalidRequest, match="refuses to send to"):
            get(elsewhere.url, faults.url)
        faults.responder = lambda seen: Answer(302, headers={"location": elsewhere.url})
        assert get(faults.url, faults.url)[0] == 302
        assert elsewhere.requests == []


def test_the_environments_proxy_is_who_is_connected_to(
    get: Get, monkeypatch: pytest.MonkeyPatch, faults: FaultServer
) -> None:
    monkeypatch.setenv("http_proxy", faults.root.replace("//", "//user:word@"))
    monkeypatch.setenv("no_proxy", "direct.example")
    assert proxy_for("http://direct.example/v1") is None
    assert (
        proxy_for("http://127.0.0.1:1/v1") is proxy_for("http://localhost/v1") is proxy_for("http://[::1]/v1") is None
    )
    assert get("http://far.example/v1", "http://far.example/v1")[0] == 200
    assert faults.requests[0].path == "http://far.example/v1"
    assert faults.requests[0].headers["proxy-authorization"] == f"Basic {b64encode(b'user:word').decode()}"


def test_a_proxy_that_cannot_be_used_is_named_at_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    with pytest.raises(InputError, match="a proxy of socks5"):
        HttpClient("http://far.example/v1", provider="openai")
    HttpClient("http://127.0.0.1/v1", provider="openai")


ENCODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}


@pytest.mark.parametrize("encoding", sorted(ENCODERS))
@pytest.mark.parametrize("status", [200, 500])
def test_a_body_is_decoded_up_to_a_limit(
    faults: FaultServer, monkeypatch: pytest.MonkeyPatch, encoding: str, status: int
) -> None:
    monkeypatch.setattr(http_client, "MAX_BODY_BYTES", 2**20)
    sizes = iter([2**20, 2**20 + 1])

    def answer(seen: object) -> Answer:
        return Answer(status, ENCODERS[encoding](b"0" * next(sizes)), {"content-encoding": encoding})

    faults.responder = answer
    assert len(by_our_client(faults.url, faults.url)[1]) == 2**20
    with pytest.raises(Malformed, match="more than 1 MiB"):
        by_our_client(faults.url, faults.url)


def test_a_refusal_is_found_inside_an_sdks_error() -> None:
    refused: TeacherError = Refused("no", provider="openai")
    wrapped = RuntimeError("Connection error.")
    wrapped.__cause__ = refused
    assert refusal_in(wrapped) is refused
    assert refusal_in(ValueError()) is None
