"""A real HTTP server on loopback that fails on command: it speaks Chat Completions until told otherwise.

with FaultServer() as server:                       # echoes the last user turn
    server.responder = lambda seen: Answer(429, headers={"retry-after": "2"})
    teacher = open_teacher(server.spec("any-model"))
    ...
    server.requests[0].body["messages"]
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def turn(self) -> str:
        """The last user turn's text, whichever protocol was spoken."""
        return turn_of(self.body)


@dataclass(frozen=True)
class Answer:
    """What to send back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """Seconds before anything is sent."""
    cut_to: int | None = None
    """Sends this many bytes of the body, promises all of it, and closes."""
    trickle_s: float | None = None
    """Seconds between the body's bytes, sent one by one."""
    reset: bool = False
    """Sends the headers, then resets the connection."""


Responder = Callable[[Seen], Answer]


def turn_of(body: Mapping[str, Any]) -> str:
    """The last turn's text in a body of any protocol: a plain string, or the texts of its parts."""
    turns = body.get("messages") or body.get("input") or body.get("prompt") or ""
    content = turns if isinstance(turns, str) else turns[-1]["content"]
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if "text" in part)


def chat_body(text: str | None, *, finish_reason: str | None = "stop", **choice: Any) -> dict[str, Any]:
    """A chat completion; `message` and `logprobs` override the choice's."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": text},
                **choice,
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}},
    }


def chat(text: str | None, *, finish_reason: str | None = "stop", **choice: Any) -> Answer:
    """A 200 with a chat completion."""
    return as_json(chat_body(text, finish_reason=finish_reason, **choice))


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer with a JSON body; underscores in header names become dashes."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"content-type": "application/json", **named})


def entry(token: str, logprob: float, top: Mapping[str, float] | None = None, **fields: Any) -> dict[str, Any]:
    """One item of `logprobs.content`."""
    others = [{"token": other, "logprob": value, "bytes": list(other.encode())} for other, value in (top or {}).items()]
    return {"token": token, "logprob": logprob, "bytes": list(token.encode()), "top_logprobs": others, **fields}


def logprobs(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The `logprobs` of a choice."""
    return {"content": list(entries)}


def echo(seen: Seen) -> Answer:
    """Answers with the last message, one certain token a reply where logprobs are asked for."""
    told = logprobs([entry(seen.turn, 0.0, {seen.turn: 0.0})]) if seen.body.get("logprobs") else None
    return chat(seen.turn, logprobs=told)


def fail_first(count: int, failure: Answer, then: Responder = echo) -> Responder:
    """Answers `failure` to the first `count` requests, whoever sends them."""
    left = iter([failure] * count)
    lock = threading.Lock()

    def responder(seen: Seen) -> Answer:
        with lock:
            answer = next(left, None)
        return then(seen) if answer is None else answer

    return responder


class FaultServer:
    """The server; `responder` may be changed at any time and is called on the connection's thread."""

    def __init__(self, responder: Responder = echo) -> None:
        self.responder = responder
        self.requests: list[Seen] = []
        self._ending = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def root(self) -> str:
        """The base URL without the version, as Anthropic's and Amazon's clients want it."""
        return self.url.removesuffix("/v1")

    def spec(self, model: str = "test-model") -> str:
        """The spec string of an OpenAI teacher behind this server; `wires.WIRES` has the others'."""
        return f"openai:{model}@{self.url}"

    def __enter__(self) -> FaultServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pause(self, seconds: float) -> None:
        """Sleeps, or until the server ends."""
        self._ending.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


def _handler(server: FaultServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            raw = self.rfile.read(length)
            if len(raw) < length:  # the client was killed while it sent: no request ever arrived
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.path, headers, json.loads(raw or b"{}"))
            server.requests.append(seen)
            answer = server.responder(seen)
            server.pause(answer.delay_s)
            self._send_head(answer)
            self._send_body(answer)

        do_GET = do_POST

        def _send_head(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def _send_body(self, answer: Answer) -> None:
            if answer.reset:
                self.wfile.flush()
                # Lingering for no time turns the close into a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
            elif answer.trickle_s is not None:
                for byte in answer.body:
                    self.wfile.write(bytes([byte]))
                    server.pause(answer.trickle_s)
            else:
                self.wfile.write(answer.body[: answer.cut_to])
                self.close_connection = answer.cut_to is not None

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
