"""The SDKs' way to the network: addresses are checked first, and our own error is found inside theirs."""

from __future__ import annotations

import asyncio

import httpcore2
import pytest

from teachers.errors import TeacherError, Transient
from teachers.transport.checked_backend import CheckedBackend, refusal_in


def test_our_error_is_found_however_deep_it_lies() -> None:
    ours = Transient("gone", provider="openai")
    theirs, sdks = ValueError("theirs"), RuntimeError("the SDK's")
    theirs.__cause__, sdks.__cause__ = ours, theirs
    assert refusal_in(sdks) is ours
    assert refusal_in(ours) is ours
    assert refusal_in(ValueError("theirs")) is None


def test_a_metadata_address_is_not_connected_to() -> None:
    with pytest.raises(TeacherError, match=r"169\.254\.169\.254"):
        asyncio.run(CheckedBackend((), "openai").connect_tcp("169.254.169.254", 80, timeout=1))


def test_an_allowed_server_is_reached_and_one_that_is_not_there_is_the_librarys_error() -> None:
    async def main() -> bytes:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        backend = CheckedBackend(("127.0.0.1",), "openai")
        stream = await backend.connect_tcp("127.0.0.1", port, timeout=5)
        said: bytes = await stream.read(5)
        await stream.aclose()
        server.close()
        await server.wait_closed()
        with pytest.raises(httpcore2.ConnectError):
            await backend.connect_tcp("127.0.0.1", port, timeout=5)
        return said

    assert asyncio.run(main()) == b"hello"
