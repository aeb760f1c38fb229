"""Bedrock's batch inference: requests and results in S3, jobs through the control plane.

https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html, batch-inference-results.html and
botocore 1.44.5's service model, read 2026-11-24. A job takes Converse's bodies or InvokeModel's, whichever the
teacher speaks; it is found again by its name, and its client token keeps AWS from taking a part twice.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import closing
from typing import IO, Any, ParamSpec, TypeVar

import orjson

from prompts.errors import InputError
from teachers.arrival import check_supported
from teachers.base import Reply, Request
from teachers.batch.base import Job, Part, Result, Ticket
from teachers.batch.bedrock_clients import PROVIDER, THREADS, Clients
from teachers.bedrock import wire
from teachers.bedrock.daemon_pool import DaemonPool
from teachers.bedrock.teacher import BedrockTeacher
from teachers.capabilities import capabilities_of
from teachers.errors import InvalidRequest, Malformed, TeacherError
from teachers.provider import PartLimits
from teachers.spec import Spec
from teachers.transport.body import at, count, string
from teachers.transport.http import MAX_BODY_BYTES, error_for_status

P = ParamSpec("P")
T = TypeVar("T")

ENDED = frozenset({"Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"})
RESULTS = ".jsonl.out"
CHUNK_BYTES = 2**20
_S3_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


class BedrockBatches:
    """boto3 on threads of its own. Constructed without network: credentials are looked for by the first call."""

    keeps_on_cancel = False  # what a stopped job had answered is charged, and no page says that it is written

    def __init__(self, spec: Spec, limits: PartLimits, *, timeout_s: float = 600.0) -> None:
        self.identity = BedrockTeacher.identify(spec)
        self.capabilities = capabilities_of(spec)
        self._bucket, self._prefix = _place(spec)
        self._role = _required(spec.options.batch.role_arn, "batch.role_arn", "the ARN of the service role")
        self.limits = limits
        self._spec = spec
        self._cache_prefix = spec.options.cache_prefix and self.capabilities.caching
        self._invokes = self.capabilities.api == "invoke"
        self._clients = Clients(spec, timeout_s)
        self._pool = DaemonPool(THREADS, "bedrock-batch")

    def to_line(self, request: Request) -> bytes:
        """Returns the request as a record. Converse's model is named by the job, not by its records."""
        check_supported(self, request)
        if self._invokes:
            body = wire.to_invoke(request)
        else:
            body = wire.to_wire(request, cache_prefix=self._cache_prefix)
            body.pop("modelId")
        return orjson.dumps({"recordId": request.key, "modelInput": body})

    async def submit(self, part: Part) -> str:
        """Puts the records into S3, then creates the job; doing both again creates no second one."""
        return await self._run(self._submit, part)

    async def find(self, ticket: Ticket, taken: frozenset[str]) -> str | None:
        """By name, which holds the part's id."""
        return await self._run(self._find, ticket)

    async def poll(self, job_id: str) -> Job:
        """Returns the job as it is now."""
        return to_job(await self._run(self._clients.control.get_model_invocation_job, jobIdentifier=job_id))

    async def results(self, job: Job) -> AsyncGenerator[Result, None]:
        """Yields the records of every file that the job wrote, each fetched whole before it is read."""
        read = wire.from_invoke if self._invokes else wire.from_wire
        for folder in job.files:
            for name in await self._run(self._written, folder):
                with tempfile.TemporaryFile() as file:
                    await self._run(self._fetch, name, file)
                    for value in _values(file):
                        yield self._clients.without_keys(from_line(value, read))

    async def cancel(self, job_id: str) -> None:
        """Stops the job. What it has processed is charged."""
        await self._run(self._clients.control.stop_model_invocation_job, jobIdentifier=job_id)

    async def clean(self, job: Job) -> str | None:
        """Removes nothing: the bucket is the user's."""
        return f"requests and results stay in s3://{self._bucket}/{self._prefix}"

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._clients.close()

    def _submit(self, part: Part) -> str:
        part_id = part.ticket.part_id
        name = f"{self._prefix}{part_id}.jsonl"
        with part.path.open("rb") as file:
            self._clients.s3.put_object(Bucket=self._bucket, Key=name, Body=file, ContentType="application/jsonl")
        answer = self._clients.control.create_model_invocation_job(
            jobName=_job_name(part_id),
            # A call that is repeated with it creates no second job.
            clientRequestToken=part_id,
            roleArn=self._role,
            modelId=self._spec.model,
            modelInvocationType="InvokeModel" if self._invokes else "Converse",
            inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://{self._bucket}/{name}", "s3InputFormat": "JSONL"}},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{self._bucket}/{self._prefix}{part_id}/"}},
        )
        return _arn(answer)

    def _find(self, ticket: Ticket) -> str | None:
        wanted, asked = _job_name(ticket.part_id), {"nameContains": ticket.part_id}
        while True:
            page = self._clients.control.list_model_invocation_jobs(**asked)
            for job in page.get("invocationJobSummaries") or ():
                if job.get("jobName") == wanted:
                    return _arn(job)
            if not page.get("nextToken"):
                return None
            asked = {**asked, "nextToken": page["nextToken"]}

    def _written(self, folder: str) -> list[str]:
        """Returns the keys of the files of results below an s3:// folder of our own bucket."""
        bucket, prefix = _parse_uri(folder)
        if bucket != self._bucket or not prefix.startswith(self._prefix):
            raise Malformed(f"the job writes to {folder}, which is not where it was told to", provider=PROVIDER)
        pages = self._clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents") or () if item["Key"].endswith(RESULTS)]

    def _fetch(self, name: str, file: IO[bytes]) -> None:
        with closing(self._clients.s3.get_object(Bucket=self._bucket, Key=name)["Body"]) as body:
            for chunk in body.iter_chunks(CHUNK_BYTES):
                file.write(chunk)
        file.seek(0)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs on a thread; boto3's own timeouts bound each step. Raises TeacherError and nothing else."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, lambda: self._clients.translated(work, *args, **kwargs))
        except RuntimeError as error:  # the pool is closed
            raise InvalidRequest(str(error), provider=PROVIDER) from error


def to_job(body: Mapping[str, Any]) -> Job:
    """Returns a job from the provider's record of it."""
    status, arn = string(body.get("status")), _arn(body)
    folder = string(at(body, "outputDataConfig", "s3OutputDataConfig", "s3Uri"))
    problem: TeacherError | None = None
    if status == "Failed":
        message = string(body.get("message")) or "no reason given"
        remedy = "Check the role's permissions, the model's quotas for batches, or set generate.lane to online"
        problem = InvalidRequest(f"refused the batch: {message}", provider=PROVIDER, remedy=remedy)
    done = count(body, "processedRecordCount") or 0
    files = (folder,) if folder else ()
    return Job(arn, status in ENDED, done, problem, files=files)


def from_line(value: object, read: Callable[[object], Reply] = wire.from_wire) -> Result:
    """Reads how a record ended; `read` is the protocol's `from_wire`."""
    if not isinstance(value, dict):
        return Result("", Malformed("a line of results is no JSON object", provider=PROVIDER))
    key = string(value.get("recordId")) or ""
    try:
        return Result(key, _reply(value, read))
    except TeacherError as error:
        return Result(key, error)


def _reply(value: Mapping[str, Any], read: Callable[[object], Reply]) -> Reply:
    error = value.get("error")
    if isinstance(error, dict):
        status = count(error, "errorCode")
        message = str(error.get("errorMessage") or "no reason given")
        raise error_for_status(status)(message, provider=PROVIDER, status=status)
    return read(value.get("modelOutput"))


def _values(file: IO[bytes]) -> Iterator[object]:
    """Yields the values of a file's lines; None for a line that is not JSON."""
    while line := file.readline(MAX_BODY_BYTES):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                yield None


def _arn(body: Mapping[str, Any]) -> str:
    arn = string(body.get("jobArn"))
    if not arn:
        raise Malformed("answered without a job's ARN", provider=PROVIDER)
    return arn


def _job_name(part_id: str) -> str:
    return f"stillhouse-{part_id}"


def _place(spec: Spec) -> tuple[str, str]:
    """Returns the bucket, and the prefix with its slash."""
    uri = _required(spec.options.batch.s3_uri, "batch.s3_uri", "s3://BUCKET/PREFIX for requests and results")
    bucket, prefix = _parse_uri(uri)
    if not bucket:
        raise InputError(f"'{uri}' is no place in S3", field="batch.s3_uri", remedy="Write s3://BUCKET/PREFIX")
    prefix = prefix.strip("/")
    if not prefix:
        return bucket, ""
    return bucket, f"{prefix}/"


def _parse_uri(uri: str) -> tuple[str, str]:
    match = _S3_URI.fullmatch(uri)
    if match is None:
        return "", ""
    return match[1], match[2] or ""


def _required(value: str | None, field: str, what: str) -> str:
    if not value:
        raise InputError("is missing: Bedrock's batch lane needs it", field=field, remedy=f"Give {what}")
    return value
