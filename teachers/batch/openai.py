"""OpenAI's Batch API: a file of requests in, two files of results out.

https://developers.openai.com/api/docs/guides/batch and the types of openai 3.54, read 2026-11-24. Answers are in the
output file and failed requests in the error file, both in any order. A job that expired or was cancelled has files
too, with what it had answered by then. Azure's version 1 API is the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from teachers.arrival import check_supported
from teachers.base import Reply, Request
from teachers.batch.base import Job, Part, Result, Ticket
from teachers.capabilities import capabilities_of
from teachers.errors import AuthError, InvalidRequest, Malformed, NeverRun, RateLimited, TeacherError, Transient
from teachers.openai.chat_wire import from_wire as read_chat
from teachers.openai.deferred_types import deferred_types
from teachers.openai.endpoint import Endpoint, endpoint_of
from teachers.openai.parts import FILTERED
from teachers.openai.responses_wire import from_wire as read_responses
from teachers.openai.teacher import RESPONSES, OpenAITeacher, headers_of, to_call
from teachers.provider import PartLimits
from teachers.spec import Spec
from teachers.transport.body import at, count, string
from teachers.transport.http import error_for_status, parse_retry_after
from teachers.transport.keys import read_key

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from teachers.batch.http import Caller

PROVIDER = "openai"
PART = "stillhouse_part"
"""The metadata by which a job is found again."""

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
QUEUE_FULL = frozenset({"token_limit_exceeded"})
"""Codes of a job that failed because too many tokens were waiting already: openai/openai-python issue 2084."""
NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})

SKEW_S = 3600.0
"""The most that the provider's clock may be off ours when its jobs are listed."""
PAGE = 100


class OpenAIBatches:
    """The SDK's client, streamed; a connection is opened by the first call."""

    keeps_on_cancel = True

    def __init__(self, spec: Spec, limits: PartLimits, *, timeout_s: float = 600.0) -> None:
        self.identity = OpenAITeacher.identify(spec)
        self.capabilities = capabilities_of(spec)
        self.limits = limits
        self._endpoint = endpoint_of(spec)
        self._cache_prefix = spec.options.cache_prefix
        self._key = read_key(self._endpoint.key, spec)
        self._client = _open_client(spec, self._endpoint, self._key, timeout_s)
        self._calls = _caller(self._client, self._endpoint, self._key)
        path, self._read = "/chat/completions", read_chat
        if self.capabilities.api == RESPONSES:
            path, self._read = "/responses", read_responses
        # Azure's dated API names the endpoint without its version.
        self._url = path if self._endpoint.api_version else f"/v1{path}"

    def to_line(self, request: Request) -> bytes:
        """Returns the request as a line of the input file."""
        check_supported(self, request)
        call = to_call(request, self._endpoint, self.capabilities, cache_prefix=self._cache_prefix)
        return orjson.dumps({"custom_id": request.key, "method": "POST", "url": self._url, "body": call.body})

    async def submit(self, part: Part) -> str:
        """Uploads the file, which costs nothing, then creates the job, which does."""
        name = _file_name(part.ticket)
        with part.path.open("rb") as file:
            uploaded = await self._calls.json(
                "post",
                "/files",
                body={"purpose": "batch"},
                files=[("file", (name, file, "application/jsonl"))],
                # As the SDK's own `files.create` says it; the SDK adds the boundary.
                headers={"Content-Type": "multipart/form-data"},
            )
        job = {
            "input_file_id": _id(uploaded),
            "endpoint": self._url,
            "completion_window": "24h",
            "metadata": {PART: part.ticket.part_id},
        }
        return _id(await self._calls.json("post", "/batches", body=job))

    async def find(self, ticket: Ticket, taken: frozenset[str]) -> str | None:
        """By metadata, among the newest jobs. Where there is none, a file that was uploaded for it is deleted."""
        async for job in self._listed("/batches", ticket):
            metadata = job.get("metadata")
            if isinstance(metadata, dict) and metadata.get(PART) == ticket.part_id:
                return _id(job)
        # A crash between the upload and the job: the file costs nothing, and would stay for ever.
        async for file in self._listed("/files", ticket, purpose="batch", order="desc"):
            if file.get("filename") == _file_name(ticket):
                await self._calls.delete(_file_path(_id(file)))
        return None

    async def poll(self, job_id: str) -> Job:
        """Returns the job as it is now."""
        response = await self._calls.send("get", _job_path(job_id))
        hint = parse_retry_after(response.headers)
        return replace(to_job(await self._calls.read(response)), poll_after_s=hint)

    async def results(self, job: Job) -> AsyncGenerator[Result, None]:
        """Yields the lines of the output file, then those of the error file."""
        for file in job.files:
            async with aclosing(self._calls.lines(f"{_file_path(file)}/content")) as lines:
                async for value in lines:
                    yield from_line(value, self._read).without([self._key], PROVIDER)

    async def cancel(self, job_id: str) -> None:
        """It stays "cancelling" for up to ten minutes; what it had answered by then is in its files."""
        await self._calls.json("post", f"{_job_path(job_id)}/cancel")

    async def clean(self, job: Job) -> str | None:
        """Deletes the files of requests and of results; the job itself stays listed."""
        for file in (job.input_file, *job.files):
            if file is not None:
                await self._calls.delete(_file_path(file))
        return None

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        await self._client.close()

    async def _listed(self, path: str, ticket: Ticket, **query: str) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yields the items of a list, newest first, down to those that are older than the part."""
        query |= {"limit": str(PAGE)}
        while True:
            page = await self._calls.json("get", path, query=query)
            items = _dicts(page.get("data"))
            for item in items:
                if (count(item, "created_at") or 0) < ticket.created_at - SKEW_S:
                    return
                yield item
            if not page.get("has_more") or not items:
                return
            query["after"] = _id(items[-1])


def _open_client(spec: Spec, endpoint: Endpoint, key: str, timeout_s: float) -> AsyncOpenAI:
    with deferred_types():
        from openai import AsyncOpenAI

    from teachers.batch.http import open_streaming_client

    url, version, allowed = endpoint.base_url, endpoint.api_version, spec.options.allow_addresses
    return AsyncOpenAI(
        api_key=key,
        base_url=url,
        max_retries=0,
        timeout=timeout_s,
        default_query={"api-version": version} if version else None,
        http_client=open_streaming_client(url, provider=PROVIDER, allowed=allowed, timeout_s=timeout_s),
    )


def _caller(client: AsyncOpenAI, endpoint: Endpoint, key: str) -> Caller:
    from openai import AsyncStream, OpenAIError

    from teachers.batch.http import Caller, SdkParts
    from teachers.openai.errors import translate

    ours = partial(translate, secret=key, variable=endpoint.key)
    return Caller(client, SdkParts(PROVIDER, AsyncStream[Any], OpenAIError, ours), headers_of(endpoint, key), key)


def to_job(body: Mapping[str, Any]) -> Job:
    """Returns a job from the provider's record of it."""
    status = string(body.get("status"))
    problem: TeacherError | None = None
    bad_lines: Mapping[int, TeacherError] = {}
    if status == "failed":
        problem, bad_lines = _failure(body)
    files = (string(body.get(name)) for name in ("output_file_id", "error_file_id"))
    done = sum(count(body, "request_counts", name) or 0 for name in ("completed", "failed"))
    return Job(
        id=_id(body),
        ended=status in ENDED,
        done=done,
        problem=problem,
        bad_lines=bad_lines,
        files=tuple(file for file in files if file),
        input_file=string(body.get("input_file_id")),
    )


def from_line(value: object, read: Callable[[object], Reply] = read_chat) -> Result:
    """Reads how a request ended, from a line of either file; `read` is the protocol's `from_wire`."""
    if not isinstance(value, dict):
        return Result("", Malformed("a line of results is no JSON object", provider=PROVIDER))
    key = string(value.get("custom_id")) or ""
    try:
        return Result(key, _reply(value, read))
    except TeacherError as error:
        return Result(key, error)


def _reply(value: Mapping[str, Any], read: Callable[[object], Reply]) -> Reply:
    error, response = value.get("error"), value.get("response")
    if isinstance(error, dict) and error:
        words = f"{error.get('code')}: {error.get('message')}"
        if error.get("code") in ("batch_expired", "batch_cancelled"):
            raise NeverRun(words, provider=PROVIDER)
        raise Transient(words, provider=PROVIDER)
    if not isinstance(response, dict):
        raise Malformed("a line of results has neither response nor error", provider=PROVIDER)
    status, body = count(response, "status_code") or 200, response.get("body")
    reply = _refused(status, body) if status >= 300 else read(body)
    return replace(reply, request_id=string(response.get("request_id")) or reply.request_id)


def _refused(status: int, body: object) -> Reply:
    error = at(body, "error")
    if not isinstance(error, dict):
        error = {"message": error or "no reason given"}
    code = error.get("code")
    if code in FILTERED:
        return Reply("", "filtered", str(code))
    kind = AuthError if code in NO_CREDIT else error_for_status(status)
    raise kind(str(error.get("message")), provider=PROVIDER, status=status)


def _failure(body: Mapping[str, Any]) -> tuple[TeacherError | None, Mapping[int, TeacherError]]:
    """Says why a job failed as a whole, or the lines for which it did."""
    errors = _dicts(at(body, "errors", "data"))
    if any(item.get("code") in QUEUE_FULL for item in errors):
        return RateLimited(_words(errors), provider=PROVIDER), {}
    bad_lines = {}
    for item in errors:
        line = count(item, "line")
        if line is not None:
            bad_lines[line] = InvalidRequest(_words([item]), provider=PROVIDER)
    if errors and all(count(item, "line") is not None for item in errors):
        return None, bad_lines
    remedy = "Check that the model can be used in batches, or set generate.lane to online"
    return InvalidRequest(f"refused the batch: {_words(errors)}", provider=PROVIDER, remedy=remedy), {}


def _dicts(values: object) -> list[dict[str, Any]]:
    """Returns the objects of a list, and none of what is neither."""
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]


def _words(errors: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{item.get('code')}: {item.get('message')}" for item in errors[:3]) or "no reason given"


def _id(body: Mapping[str, Any]) -> str:
    named = string(body.get("id"))
    if not named:
        raise Malformed("answered without an id", provider=PROVIDER)
    return named


def _job_path(job_id: str) -> str:
    return f"/batches/{quote(job_id, safe='')}"


def _file_path(file: str) -> str:
    return f"/files/{quote(file, safe='')}"


def _file_name(ticket: Ticket) -> str:
    return f"stillhouse-{ticket.part_id}.jsonl"
