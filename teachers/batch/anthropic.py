"""Anthropic's Message Batches: the requests in one body, the results in one stream.

https://platform.claude.com/docs/en/build-with-claude/batch-processing and the types of anthropic 2.12, read
2026-11-24. A batch carries no name of ours, and its requests' ids are seen only in its results: so a batch that may
be a part of ours is known by when it was made and how many requests it holds, and by its ids once it has ended.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from teachers.anthropic.teacher import KEY as VARIABLE
from teachers.anthropic.teacher import OFFICIAL_URL, AnthropicTeacher, headers_of
from teachers.anthropic.wire import PROVIDER, error_in, from_wire, to_wire
from teachers.arrival import check_supported
from teachers.base import Reply, Request
from teachers.batch.base import Job, Part, Result, Ticket
from teachers.capabilities import capabilities_of
from teachers.errors import Malformed, NeverRun, TeacherError
from teachers.provider import PartLimits
from teachers.spec import Spec
from teachers.transport.body import at, count, string
from teachers.transport.http import parse_retry_after
from teachers.transport.keys import read_key

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

    from teachers.batch.http import Caller

BATCHES = "/v1/messages/batches"
SKEW_S = 60.0
"""The most that the provider's clock may be off ours."""
PAGE = 100
HEAD, TAIL = b'{"requests":[', b"]}"


class AnthropicBatches:
    """The SDK's client, streamed; a connection is opened by the first call."""

    keeps_on_cancel = True

    def __init__(self, spec: Spec, limits: PartLimits, *, timeout_s: float = 600.0) -> None:
        self.identity = AnthropicTeacher.identify(spec)
        self.capabilities = capabilities_of(spec)
        self.limits = limits
        self._cache_prefix = spec.options.cache_prefix and self.capabilities.caching
        self._key = read_key(VARIABLE, spec)
        self._client = _open_client(spec, self._key, timeout_s)
        self._calls = _caller(self._client, spec, self._key)

    def to_line(self, request: Request) -> bytes:
        """Returns the request as an item of the body's list."""
        check_supported(self, request)
        return orjson.dumps({"custom_id": request.key, "params": to_wire(request, cache_prefix=self._cache_prefix)})

    async def submit(self, part: Part) -> str:
        """Creates the batch, its body streamed from the file."""
        # Each newline of the file becomes a comma but the last, which is left out.
        size = len(HEAD) + part.size_bytes - 1 + len(TAIL)
        return _id(await self._calls.json("post", BATCHES, content=_body(part), headers={"content-length": str(size)}))

    async def find(self, ticket: Ticket, taken: frozenset[str]) -> str | None:
        """Returns the batch that was made after the part and holds as many requests; of several the first."""
        oldest: str | None = None
        # The whole list: of those that could be it, the one made first after the part is the likeliest.
        async for batch in self._listed():
            made_at = _unix_time(batch.get("created_at"))
            if made_at is None or made_at < ticket.created_at - SKEW_S:
                break
            if _id(batch) not in taken and sum(_counts(batch).values()) == ticket.requests:
                oldest = _id(batch)
        return oldest

    async def poll(self, job_id: str) -> Job:
        """Returns the batch as it is now."""
        response = await self._calls.send("get", _path(job_id))
        hint = parse_retry_after(response.headers)
        return replace(to_job(await self._calls.read(response)), poll_after_s=hint)

    async def results(self, job: Job) -> AsyncGenerator[Result, None]:
        """Yields the lines of the results, as they are read."""
        for path in job.files:
            async with aclosing(self._calls.lines(path)) as lines:
                async for value in lines:
                    yield from_line(value).without([self._key], PROVIDER)

    async def cancel(self, job_id: str) -> None:
        """It stays "canceling" until what is being answered has been; those answers are in its results."""
        await self._calls.json("post", f"{_path(job_id)}/cancel")

    async def clean(self, job: Job) -> str | None:
        """Deletes the batch with its requests and results."""
        await self._calls.delete(_path(job.id))
        return None

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        await self._client.close()

    async def _listed(self) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yields all batches of the workspace, newest first."""
        query: dict[str, object] = {"limit": PAGE}
        while True:
            page = await self._calls.json("get", BATCHES, query=query)
            items = [item for item in page.get("data") or () if isinstance(item, dict)]
            for item in items:
                yield item
            if not page.get("has_more") or not items:
                return
            query["after_id"] = _id(items[-1])


def _open_client(spec: Spec, key: str, timeout_s: float) -> AsyncAnthropic:
    from anthropic import AsyncAnthropic

    from teachers.batch.http import open_streaming_client

    url = (spec.base_url or OFFICIAL_URL).removesuffix("/v1")
    allowed = spec.options.allow_addresses
    http_client = open_streaming_client(url, provider=PROVIDER, allowed=allowed, timeout_s=timeout_s)
    return AsyncAnthropic(
        api_key=key, base_url=url, max_retries=0, timeout=timeout_s, http_client=http_client, open_telemetry=False
    )


def _caller(client: AsyncAnthropic, spec: Spec, key: str) -> Caller:
    from anthropic import AnthropicError, AsyncStream

    from teachers.anthropic.errors import translate
    from teachers.batch.http import Caller, SdkParts

    ours = partial(translate, secret=key)
    return Caller(client, SdkParts(PROVIDER, AsyncStream[Any], AnthropicError, ours), headers_of(spec, key), key)


def to_job(body: Mapping[str, Any]) -> Job:
    """Returns a job from the provider's record of it."""
    job_id, counts = _id(body), _counts(body)
    ended = body.get("processing_status") == "ended"
    files: tuple[str, ...] = ()
    if ended and body.get("results_url"):
        # The record's results_url is not followed: it could lead the key to another host.
        files = (f"{_path(job_id)}/results",)
    return Job(job_id, ended, done=sum(counts.values()) - counts["processing"], files=files)


def from_line(value: object) -> Result:
    """Reads how a request ended, from a line of the results."""
    if not isinstance(value, dict):
        return Result("", Malformed("a line of results is no JSON object", provider=PROVIDER))
    key = string(value.get("custom_id")) or ""
    try:
        return Result(key, _reply(value.get("result")))
    except TeacherError as error:
        return Result(key, error)


def _reply(result: object) -> Reply:
    kind = at(result, "type")
    match kind:
        case "succeeded":
            return from_wire(at(result, "message"))
        case "errored":
            raise error_in(at(result, "error"))
        case "canceled" | "expired":
            raise NeverRun(f"the batch was {kind} before this request was answered", provider=PROVIDER)
        case _:
            raise Malformed(f"a line of results has the type '{kind}'", provider=PROVIDER)


async def _body(part: Part) -> AsyncGenerator[bytes, None]:
    """Yields the request's body, in pieces of a line."""
    yield HEAD
    with part.path.open("rb") as file:
        separator = b""
        for line in file:
            yield separator + line.rstrip(b"\n")
            separator = b","
    yield TAIL


def _counts(body: Mapping[str, Any]) -> dict[str, int]:
    names = ("processing", "succeeded", "errored", "canceled", "expired")
    return {name: count(body, "request_counts", name) or 0 for name in names}


def _unix_time(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def _path(job_id: str) -> str:
    return f"{BATCHES}/{quote(job_id, safe='')}"


def _id(body: Mapping[str, Any]) -> str:
    named = string(body.get("id"))
    if not named:
        raise Malformed("answered without an id", provider=PROVIDER)
    return named
