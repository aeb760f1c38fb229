"""A provider's SDK without its request path: what it would send, and which error it makes of an answer.

The SDK owns auth, headers, endpoints and error classes; the bytes go through `http_client`
(docs/decisions/0009-the-bytes-go-through-aiohttp.md). Import it late: it loads httpx2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import httpx2
from multidict import CIMultiDict
from yarl import URL

from teachers.errors import Transient
from teachers.transport.body import to_json
from teachers.transport.http_client import Answer, HttpClient

EMPTY = Answer(200, {}, b"")

_OF_THE_CLIENT = ("host", "connection", "content-length", "accept-encoding")
"""Headers that belong to whoever sends the bytes."""
_OF_THE_BYTES = frozenset({"content-length", "content-encoding", "transfer-encoding"})
"""Headers that are no longer true of a body that was read and decoded."""


class Client(Protocol):
    """The part that AsyncOpenAI and AsyncAnthropic have in common."""

    async def post(self, path: str, *, cast_to: type[httpx2.Response], body: object, options: Any) -> httpx2.Response:
        """Returns the response to a POST; raises the SDK's own exception where it is no success."""


@dataclass(slots=True, frozen=True)
class Target:
    """Where the requests of a path go, and with which headers."""

    url: URL
    headers: CIMultiDict[str]


class Sdk:
    """A provider's API: its SDK says what to send, `http` sends it.

    `build` makes the SDK's client around the HTTP client it is given, which never sends anything and holds
    nothing that must be closed. `headers` are those of every request, with the SDK's `Omit()` for those of its
    own that are unwanted.
    """

    def __init__(
        self,
        build: Callable[[httpx2.AsyncClient], Client],
        headers: Mapping[str, object],
        http: HttpClient,
        timeout_s: float,
    ) -> None:
        # `trust_env` off: what sends nothing needs no proxy.
        self._client = build(httpx2.AsyncClient(transport=_Offline(), trust_env=False, follow_redirects=False))
        self._headers, self._http, self._timeout_s = headers, http, timeout_s
        self._targets: dict[str, Target] = {}

    async def target(self, path: str) -> Target:
        """Returns what the SDK would send to this path, the body apart: asked once, since it is always the same."""
        if path not in self._targets:
            request = (await self._ask(path, EMPTY)).request
            headers = CIMultiDict(request.headers.multi_items())
            for name in _OF_THE_CLIENT:
                headers.popall(name, None)
            # Of the encodings that the SDK offers, those that inflate.py unpacks within a bound.
            headers["accept-encoding"] = "gzip, deflate"
            # `encoded`: the SDK has quoted the path, and quoting it again would change it.
            self._targets[path] = Target(URL(str(request.url), encoded=True), headers)
        return self._targets[path]

    async def post(self, path: str, body: object) -> Answer:
        """Returns the answer, whatever its status; the time limit covers the whole body. Raises TeacherError."""
        target = await self.target(path)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._http.post(target.url, target.headers, to_json(body))
        except TimeoutError as error:
            raise Transient(f"no answer within {self._timeout_s:g} s", provider=self._http.provider) from error

    async def refuse(self, path: str, answer: Answer) -> NoReturn:
        """Raises the SDK's own exception for an answer that is no success; Transient where it has none."""
        await self._ask(path, answer)
        raise Transient("an unknown kind of status", provider=self._http.provider, status=answer.status)

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        await self._http.close()

    async def _ask(self, path: str, answer: Answer) -> httpx2.Response:
        # A context variable: tasks that ask at once must each get their own answer.
        token = _AT_HAND.set(answer)
        try:
            return await self._client.post(path, cast_to=httpx2.Response, body={}, options={"headers": self._headers})
        finally:
            _AT_HAND.reset(token)


_AT_HAND: ContextVar[Answer] = ContextVar("_AT_HAND")
"""The answer that the SDK's next request gets, in this task alone."""


class _Offline(httpx2.AsyncBaseTransport):
    """Stands where the network would be."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = _AT_HAND.get()
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_THE_BYTES]
        return httpx2.Response(answer.status, headers=headers, content=answer.content)
