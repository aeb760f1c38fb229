"""A loopback server for batches: OpenAI's files and batches, Anthropic's message batches, Bedrock's control plane.

with BatchServer() as server:                     # answers every request of a batch with its own last turn
    server.fates["mail 3"] = ["expired"]          # the first time it is asked; then as ever
    server.tap = lambda moment, step: ...         # called at every step: a test kills its client there
    lane = open_lane(server.spec("openai"))
    ...
    server.jobs                                   # what was submitted

S3 is moto's own server: `BatchServer(s3=Moto())` passes on what is not Bedrock's.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.faults import Answer, _Server, as_json, chat_body, turn_of
from tests.servers.wires import anthropic_error, anthropic_reply, chat_error, converse_reply, responses_reply

BUCKET = "batches"
ROLE = "arn:aws:iam::000000000000:role/batches"
ACCOUNT = "arn:aws:bedrock:us-east-1:000000000000:model-invocation-job"

Tap = Callable[[str, str], None]
"""Called with a moment (before: nothing was done; after: it was done and not yet answered; sent) and a step."""


@dataclass
class Job:
    """A batch that was submitted."""

    id: str
    kind: str
    requests: list[dict[str, Any]]
    record: dict[str, Any]
    created_at: float = field(default_factory=time.time)
    polls: int = 0
    ended: bool = False
    stopped: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)
    broken: str | None = None
    """The code for which the whole job failed."""

    @property
    def keys(self) -> list[str]:
        return [request.get("custom_id") or request["recordId"] for request in self.requests]


class BatchServer:
    """The server. Everything that a test may change can be changed at any time."""

    def __init__(self, s3: str | None = None) -> None:
        self.jobs: list[Job] = []
        self.files: dict[str, tuple[str, bytes, float]] = {}
        self.steps: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.fates: defaultdict[str, list[str]] = defaultdict(list)
        """By a request's last turn, how it ends each time it is asked: ok, expired, invalid, busy, filtered, missing,
        twice, torn; kept: ok, also where the job was cancelled."""
        self.polls_needed = 1
        """How often a job must be asked after before it has ended."""
        self.held = False
        """While True no job ends."""
        self.refusals: list[Answer] = []
        """Answers to the next submissions, none of which is taken."""
        self.breakages: list[str] = []
        """Codes with which the next jobs fail as a whole."""
        self.cut_results_to: list[int] = []
        """Bytes after which the next bodies of results break off."""
        self.strangers = 0
        """Results of no request, in every job."""
        self.online: list[str] = []
        """The last turns of requests that were asked outside any batch."""
        self.bugs: list[str] = []
        """What went wrong in this server itself."""
        self.listed = True
        """Whether jobs are shown in lists yet."""
        self.tap: Tap = lambda moment, step: None
        self._s3 = s3
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def entry(self, provider: str, **more: Any) -> dict[str, Any]:
        """A recipe's entry for a teacher behind this server."""
        specs = {
            "openai": f"openai:test-model@{self.root}/v1",
            "anthropic": f"anthropic:claude-test@{self.root}",
            "bedrock": f"bedrock:amazon.nova-test-v1:0@{self.root}",
        }
        entry: dict[str, Any] = {"spec": specs[provider], "capabilities": {"batch": True, "batch_price": 0.5}, **more}
        if provider == "bedrock":
            entry["batch"] = {
                "s3_uri": f"s3://{BUCKET}/run",
                "role_arn": ROLE,
                "min_requests": 1,
                **more.get("batch", {}),
            }
        return entry

    def __enter__(self) -> BatchServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        assert not self.bugs, "\n".join(self.bugs)

    def stop(self) -> None:
        """Takes no more connections."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self) -> list[str]:
        """The keys of every request that was ever submitted, online or in a job that was taken."""
        return [key for job in self.jobs if job.broken is None for key in job.keys]

    # What is asked

    def answer(self, method: str, path: str, headers: Message, raw: bytes) -> Answer:
        parts = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            for pattern, step in ROUTES:
                verb, _, shape = pattern.partition(" ")
                if verb == method and (found := re.fullmatch(shape, unquote(parts.path))):
                    return step(self, raw, headers, query, *found.groups())
        return self._pass_on(method, path, headers, raw)

    def chat(self, raw: bytes, headers: Message, query: Mapping[str, str]) -> Answer:
        turn = turn_of(json.loads(raw))
        self.online.append(turn)
        return as_json(chat_body(turn))

    def upload(self, raw: bytes, headers: Message, query: Mapping[str, str]) -> Answer:
        head = f"content-type: {headers['content-type']}\r\n\r\n".encode()
        for part in BytesParser().parsebytes(head + raw).walk():
            if name := part.get_filename():
                file = f"file-{len(self.files)}"
                self.files[file] = (name, part.get_payload(decode=True), time.time())  # type: ignore[assignment]
                return as_json({"id": file, "object": "file", "filename": name})
        return as_json(chat_error(400, "no file"), 400)

    def create_openai(self, raw: bytes, headers: Message, query: Mapping[str, str]) -> Answer:
        if self.refusals:
            return self.refusals.pop(0)
        asked = json.loads(raw)
        requests = [json.loads(line) for line in self.files[asked["input_file_id"]][1].splitlines()]
        assert {request["url"] for request in requests} == {asked["endpoint"]}
        job = self._take("openai", f"batch_{len(self.jobs)}", requests, asked)
        return as_json(self._show_openai(job))

    def create_anthropic(self, raw: bytes, headers: Message, query: Mapping[str, str]) -> Answer:
        if self.refusals:
            return self.refusals.pop(0)
        job = self._take("anthropic", f"msgbatch_{len(self.jobs)}", json.loads(raw)["requests"], {})
        return as_json(self._show_anthropic(job))

    def create_bedrock(self, raw: bytes, headers: Message, query: Mapping[str, str]) -> Answer:
        if self.refusals:
            return self.refusals.pop(0)
        asked = json.loads(raw)
        for job in self.jobs:
            if job.record.get("clientRequestToken") == asked["clientRequestToken"]:
                return as_json({"jobArn": job.id})
        body = self._s3_object(asked["inputDataConfig"]["s3InputDataConfig"]["s3Uri"])
        requests = [json.loads(line) for line in body.splitlines()]
        return as_json({"jobArn": self._take("bedrock", f"{ACCOUNT}/{len(self.jobs):012}", requests, asked).id})

    def poll(self, raw: bytes, headers: Message, query: Mapping[str, str], job_id: str) -> Answer:
        job = next((job for job in self.jobs if job_id in (job.id, job.id.rsplit("/", 1)[-1])), None)
        if job is None:
            return as_json({"error": {"type": "not_found_error", "message": "no such batch"}, "message": "no"}, 404)
        job.polls += 1
        if not job.ended and (job.stopped or (job.polls >= self.polls_needed and not self.held)):
            self._finish(job)
        return as_json(self._show(job), retry_after_ms="20")

    def cancel(self, raw: bytes, headers: Message, query: Mapping[str, str], job_id: str) -> Answer:
        job = next(job for job in self.jobs if job.id == job_id)
        job.stopped = True
        return Answer() if job.kind == "bedrock" else as_json(self._show(job))

    def list_jobs(self, raw: bytes, headers: Message, query: Mapping[str, str]) -> Answer:
        """Newest first, two to a page, as every provider's list is."""
        jobs = list(reversed(self.jobs)) if self.listed else []
        after = query.get("after") or query.get("after_id") or query.get("nextToken")
        start = next((number + 1 for number, job in enumerate(jobs) if job.id == after), 0)
        named = [job for job in jobs[start:] if query.get("nameContains", "") in job.record.get("jobName", "")]
        page, more = named[:2], len(named) > 2
        shown = [self._show(job) for job in page]
        token = {"nextToken": page[-1].id} if more and "nameContains" in query else {}
        return as_json({"data": shown, "has_more": more, "invocationJobSummaries": shown, **token})

    def list_files(self, raw: bytes, headers: Message, query: Mapping[str, str]) -> Answer:
        found = [
            {"id": file, "filename": name, "created_at": int(made)} for file, (name, _, made) in self.files.items()
        ]
        return as_json({"data": found[::-1], "has_more": False})

    def content(self, raw: bytes, headers: Message, query: Mapping[str, str], file: str) -> Answer:
        if file not in self.files:
            return as_json(chat_error(404, "no such file"), 404)
        return self._results(self.files[file][1])

    def results(self, raw: bytes, headers: Message, query: Mapping[str, str], job_id: str) -> Answer:
        job = next(job for job in self.jobs if job.id == job_id)
        return self._results(_jsonl(job.results))

    def delete_file(self, raw: bytes, headers: Message, query: Mapping[str, str], file: str) -> Answer:
        return as_json({"deleted": self.files.pop(file, None) is not None})

    def delete_batch(self, raw: bytes, headers: Message, query: Mapping[str, str], job_id: str) -> Answer:
        return as_json({"id": job_id, "type": "message_batch_deleted"})

    # What becomes of it

    def _take(self, kind: str, job_id: str, requests: list[dict[str, Any]], record: dict[str, Any]) -> Job:
        job = Job(job_id, kind, requests, record)
        job.broken = self.breakages.pop(0) if self.breakages else None
        self.jobs.append(job)
        return job

    def _finish(self, job: Job) -> None:
        """Ends a job: one result for each request, in no order of theirs."""
        job.ended = True
        if job.broken is not None:
            return
        lines = [line for request in reversed(job.requests) for line in self._lines(job, request)]
        lines += [{**LINES[job.kind]("ok", "stranger", "who?")} for _ in range(self.strangers)]
        job.results = lines
        if job.kind == "openai":
            for name, failed in (("output", False), ("error", True)):
                found = [line for line in lines if _is_failure(line) == failed]
                if found:
                    file = f"file-{name}-{job.id}"
                    self.files[file] = (file, _jsonl(found), time.time())
                    job.record[f"{name}_file_id"] = file
        elif job.kind == "bedrock":
            folder = job.record["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"]
            self._s3_object(f"{folder}{job.id[-12:]}/part.jsonl.out", _jsonl(lines))
            self._s3_object(f"{folder}{job.id[-12:]}/manifest.json.out", b"{}")

    def _lines(self, job: Job, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        key = request.get("custom_id") or request["recordId"]
        turn = turn_of(request.get("body") or request.get("params") or request["modelInput"])
        fates = self.fates[turn]
        fate = fates.pop(0) if fates else "ok"
        if job.stopped and fate == "ok":
            fate = "expired"
        fate = "ok" if fate == "kept" else fate
        if fate == "missing":
            return
        if fate == "torn":
            yield {"torn": True}
            return
        make = LINES[job.kind] if job.record.get("endpoint") != "/v1/responses" else _responses_line
        yield make("ok" if fate == "twice" else fate, key, turn)
        if fate == "twice":
            yield make("ok", key, "another answer under the same id")

    def _show(self, job: Job) -> dict[str, Any]:
        shown = {"openai": self._show_openai, "anthropic": self._show_anthropic, "bedrock": self._show_bedrock}
        return shown[job.kind](job)

    def _show_openai(self, job: Job) -> dict[str, Any]:
        expired = any((line.get("error") or {}).get("code") == "batch_expired" for line in job.results)
        status = "failed" if job.broken else "cancelled" if job.stopped else "expired" if expired else "completed"
        codes = {"code": job.broken, "message": "as commanded", "line": 1 if job.broken == "bad_line" else None}
        return {
            "id": job.id,
            "object": "batch",
            "status": status if job.ended else "in_progress",
            "created_at": int(job.created_at),
            "input_file_id": job.record["input_file_id"],
            "output_file_id": job.record.get("output_file_id"),
            "error_file_id": job.record.get("error_file_id"),
            "errors": {"object": "list", "data": [codes]} if job.broken and job.ended else None,
            "metadata": job.record.get("metadata"),
            "request_counts": {"total": len(job.requests), "completed": len(job.results), "failed": 0},
        }

    def _show_anthropic(self, job: Job) -> dict[str, Any]:
        counts = {"processing": 0, "succeeded": len(job.requests), "errored": 0, "canceled": 0, "expired": 0}
        if not job.ended:
            counts |= {"processing": len(job.requests), "succeeded": 0}
        return {
            "id": job.id,
            "type": "message_batch",
            "processing_status": "ended" if job.ended else "canceling" if job.stopped else "in_progress",
            "created_at": datetime.fromtimestamp(job.created_at, UTC).isoformat(),
            "request_counts": counts,
            "results_url": "http://169.254.169.254/steal" if job.ended else None,
        }

    def _show_bedrock(self, job: Job) -> dict[str, Any]:
        ended = "Failed" if job.broken else "Stopped" if job.stopped else "Completed"
        asked = {name: job.record[name] for name in ("jobName", "modelId", "roleArn", "inputDataConfig")}
        return {
            **asked,
            "outputDataConfig": job.record["outputDataConfig"],
            "jobArn": job.id,
            "submitTime": datetime.fromtimestamp(job.created_at, UTC).isoformat(),
            "status": ended if job.ended else "InProgress",
            "message": "as commanded" if job.broken else None,
            "processedRecordCount": len(job.results),
        }

    def _results(self, body: bytes) -> Answer:
        cut = self.cut_results_to.pop(0) if self.cut_results_to else None
        return Answer(200, body, {"content-type": "application/jsonl"}, cut_to=cut)

    def _s3_object(self, uri: str, body: bytes | None = None) -> bytes:
        """Reads an object, or writes one."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        answer = self._pass_on("GET" if body is None else "PUT", f"/{bucket}/{key}", SIGNED, body or b"")
        assert answer.status == 200, (uri, answer)
        return answer.body

    def _pass_on(self, method: str, path: str, headers: Message, raw: bytes) -> Answer:
        if self._s3 is None:
            return as_json(chat_error(404, f"nothing at {method} {path}"), 404)
        parts = urlsplit(self._s3)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        kept = {name: value for name, value in headers.items() if name.lower() not in HOPS}
        connection.request(method, path, body=raw, headers={**kept, "host": parts.netloc})
        answer = connection.getresponse()
        body = answer.read()
        told = {name: value for name, value in answer.getheaders() if name.lower() not in HOPS}
        connection.close()
        cut = self.cut_results_to.pop(0) if self.cut_results_to and path.endswith(".out") else None
        return Answer(answer.status, body, told, cut_to=cut)


SIGNED = Message()
SIGNED["authorization"] = (
    "AWS4-HMAC-SHA256 Credential=bedrock/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)

HOPS = frozenset({"host", "connection", "transfer-encoding", "content-length", "server", "date"})

ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    ("POST /v1/chat/completions", BatchServer.chat),
    ("POST /v1/files", BatchServer.upload),
    ("GET /v1/files", BatchServer.list_files),
    ("GET /v1/files/([^/]+)/content", BatchServer.content),
    ("DELETE /v1/files/([^/]+)", BatchServer.delete_file),
    ("POST /v1/batches", BatchServer.create_openai),
    ("GET /v1/batches", BatchServer.list_jobs),
    ("GET /v1/batches/([^/]+)", BatchServer.poll),
    ("POST /v1/batches/([^/]+)/cancel", BatchServer.cancel),
    ("POST /v1/messages/batches", BatchServer.create_anthropic),
    ("GET /v1/messages/batches", BatchServer.list_jobs),
    ("GET /v1/messages/batches/([^/]+)", BatchServer.poll),
    ("GET /v1/messages/batches/([^/]+)/results", BatchServer.results),
    ("POST /v1/messages/batches/([^/]+)/cancel", BatchServer.cancel),
    ("DELETE /v1/messages/batches/([^/]+)", BatchServer.delete_batch),
    ("POST /model-invocation-job", BatchServer.create_bedrock),
    ("GET /model-invocation-jobs", BatchServer.list_jobs),
    ("GET /model-invocation-job/(.+)", BatchServer.poll),
    ("POST /model-invocation-job/(.+)/stop", BatchServer.cancel),
)


def step_of(method: str, path: str) -> str:
    """A word for what a call does: upload, create, list, poll, results, cancel, delete."""
    path = unquote(urlsplit(path).path)
    if method in ("DELETE", "PUT"):
        return "delete" if method == "DELETE" else "upload"
    if path.endswith(("/content", "/results", ".out")):
        return "results"
    if path.endswith(("/cancel", "/stop")):
        return "cancel"
    if method == "POST":
        return "upload" if path.endswith("/files") else "create"
    return "list" if re.search("/(batches|files|model-invocation-jobs)$", path) else "poll"


def openai_line(fate: str, key: str, turn: str, reply: Callable[[str], dict[str, Any]] = chat_body) -> dict[str, Any]:
    def answered(status: int, body: dict[str, Any]) -> dict[str, Any]:
        return {"custom_id": key, "response": {"status_code": status, "request_id": "r", "body": body}, "error": None}

    match fate:
        case "ok":
            return answered(200, reply(turn))
        case "invalid":
            return answered(400, chat_error(400, "as commanded"))
        case "filtered":
            return answered(400, {"error": {"message": "no", "code": "content_filter"}})
        case "busy":
            return answered(500, chat_error(500, "as commanded"))
    return {"custom_id": key, "response": None, "error": {"code": "batch_expired", "message": "too late"}}


def _responses_line(fate: str, key: str, turn: str) -> dict[str, Any]:
    return openai_line(fate, key, turn, responses_reply)


def anthropic_line(fate: str, key: str, turn: str) -> dict[str, Any]:
    errors = {"invalid": 400, "busy": 529}
    if fate in errors:
        return {"custom_id": key, "result": {"type": "errored", "error": anthropic_error(errors[fate], "as commanded")}}
    if fate == "expired":
        return {"custom_id": key, "result": {"type": "expired"}}
    reply = anthropic_reply(turn, "refusal" if fate == "filtered" else "end_turn")
    return {"custom_id": key, "result": {"type": "succeeded", "message": reply}}


def bedrock_line(fate: str, key: str, turn: str) -> dict[str, Any]:
    errors = {"invalid": 400, "busy": 500, "expired": 429}
    if fate in errors:
        return {"recordId": key, "modelInput": {}, "error": {"errorCode": errors[fate], "errorMessage": "as commanded"}}
    output = converse_reply(turn, "content_filtered" if fate == "filtered" else "end_turn")
    return {"recordId": key, "modelInput": {}, "modelOutput": output}


LINES: dict[str, Callable[[str, str, str], dict[str, Any]]] = {
    "openai": openai_line,
    "anthropic": anthropic_line,
    "bedrock": bedrock_line,
}


@contextmanager
def moto_s3() -> Iterator[str]:
    """moto's S3 on loopback, with one bucket; its address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.request("PUT", f"/{BUCKET}")
    assert connection.getresponse().status == 200
    connection.close()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _is_failure(line: Mapping[str, Any]) -> bool:
    return bool(line.get("error")) or (line.get("response") or {}).get("status_code", 200) != 200


def _jsonl(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(b'{"torn": tr\n' if "torn" in line else json.dumps(line).encode() + b"\n" for line in lines)


def _handler(server: BatchServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            raw = self.rfile.read(length)
            if len(raw) < length:  # the client was killed while it sent
                self.close_connection = True
                return
            step = step_of(self.command, self.path)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            server.tap("before", step)
            server.steps.append(step)
            try:
                answer = server.answer(self.command, self.path, self.headers, raw)
            except Exception:
                server.bugs.append(traceback.format_exc())
                raise
            server.tap("after", step)
            self._send(answer)
            server.tap("sent", step)

        do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[: answer.cut_to])
            self.close_connection = self.close_connection or answer.cut_to is not None

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
