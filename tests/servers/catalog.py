"""Every fault a provider's wire has, by name: the answer it makes on a protocol, and how an attempt at it must end.

for fault in faults_of(wire):
    server.responder = lambda seen: fault.answer(wire, seen.turn)
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import cache
from time import time
from typing import Any

from teachers.base import Outcome
from teachers.spec import Options, Spec
from teachers.transport.http import MAX_HINT_S
from tests.servers.faults import Answer, FaultServer, Seen, as_json, entry
from tests.servers.wires import INVOKE, WIRES, Wire, chat_error, responses_reply

RESPONSES = Wire(
    "responses",
    "/v1/responses",
    WIRES["chat"].spec,
    WIRES["chat"].keys,
    responses_reply,
    chat_error,
    "completed",
)
ALL_WIRES: dict[str, Wire] = {**WIRES, "responses": RESPONSES, "invoke": INVOKE}
CHAT_BODIES = frozenset({"chat", "invoke"})
"""The wires whose replies are chat completions."""
APIS = {"responses": "responses"}
"""What a recipe's `api` must say to get a wire that its provider would not choose by itself."""

BOMB_BYTES = 256 << 20
JSON_TYPE = {"content-type": "application/json"}
LATE_S = 3.0
"""A late answer comes when a client with a timeout well below this has given up."""

OK: frozenset[Outcome] = frozenset({"ok"})
TRANSIENT: frozenset[Outcome] = frozenset({"transient"})
MALFORMED: frozenset[Outcome] = frozenset({"malformed"})
LIMITED: frozenset[Outcome] = frozenset({"rate_limited"})
TRUNCATED: frozenset[Outcome] = frozenset({"truncated"})
FILTERED: frozenset[Outcome] = frozenset({"filtered"})
NO_TEXT: frozenset[Outcome] = frozenset({"ok", "malformed"})
"""For a finish reason that stands for no text: the tool call of a model that was given no tools."""

AnswerOn = Callable[[Wire, str], Answer]


@dataclass(frozen=True)
class Fault:
    """One way a wire fails, or surprises."""

    name: str
    family: str
    """The fault of issue 3 that it is a form of."""
    answer: AnswerOn
    """The answer to a prompt with this text."""
    outcomes: frozenset[Outcome]
    """How one attempt at it may end."""
    hint_s: tuple[float, float] | None = None
    """The least and most that the error may say to wait; None: it says nothing."""
    slow: bool = False
    """Ends by the client's timeout."""


# What the provider's own documents and SDKs enumerate; a test compares. The last of each list is no word of theirs.
CHAT_REASONS: Mapping[str, frozenset[Outcome]] = {
    "stop": OK,
    "length": TRUNCATED,
    "content_filter": FILTERED,
    "tool_calls": NO_TEXT,
    "function_call": NO_TEXT,
    "abort": TRANSIENT,
    "error": TRANSIENT,
    "novel": OK,
}
REASONS: Mapping[str, Mapping[str, frozenset[Outcome]]] = {
    "chat": CHAT_REASONS,
    "invoke": CHAT_REASONS,
    "responses": {
        "completed": OK,
        "max_output_tokens": TRUNCATED,
        "content_filter": FILTERED,
        "max_messages": TRUNCATED | OK | MALFORMED | TRANSIENT,
        "steered": TRUNCATED | OK | MALFORMED | TRANSIENT,
        "novel": TRUNCATED | OK | MALFORMED | TRANSIENT,
    },
    "anthropic": {
        "end_turn": OK,
        "max_tokens": TRUNCATED,
        "stop_sequence": OK,
        "tool_use": NO_TEXT,
        "pause_turn": TRUNCATED | NO_TEXT,
        "refusal": frozenset({"refused"}),
        "model_context_window_exceeded": TRUNCATED,
        "novel": OK,
    },
    "converse": {
        "end_turn": OK,
        "tool_use": NO_TEXT,
        "max_tokens": TRUNCATED,
        "stop_sequence": OK,
        "guardrail_intervened": FILTERED,
        "content_filtered": FILTERED,
        "malformed_model_output": MALFORMED,
        "malformed_tool_use": MALFORMED,
        "model_context_window_exceeded": TRUNCATED,
        "novel": OK,
    },
}

AWS_KINDS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


def refuse(wire: Wire, status: int, message: str = "as commanded", **headers: str) -> Answer:
    """An error in the protocol's own form, with the header by which Amazon names its kind."""
    if wire.name in ("converse", "invoke") and status in AWS_KINDS:
        headers = {"x-amzn-errortype": AWS_KINDS[status], **headers}
    return as_json(wire.error(status, message), status, **headers)


def answer_well(wire: Wire, text: str) -> Answer:
    """A whole answer."""
    return as_json(wire.reply(text, wire.stop))


def spec_on(wire: Wire, server: FaultServer) -> Spec:
    """The spec of a teacher that speaks this protocol to the server."""
    spec = Spec.parse(wire.spec(server))
    api = APIS.get(wire.name)
    return spec if api is None else replace(spec, options=Options(api=api))


def wire_spoken(seen: Seen) -> Wire:
    """The protocol of a request, by its path."""
    path = seen.path.split("?")[0]
    return next(wire for wire in ALL_WIRES.values() if path.endswith(wire.path))


def faults_of(wire: Wire) -> list[Fault]:
    """Every fault on this protocol."""
    reasons = [_ending(reason, outcomes) for reason, outcomes in REASONS[wire.name].items()]
    return [*LIMITS, *STATUSES, *BODIES, *CONNECTIONS, *TEXTS, *reasons]


def _ending(reason: str, outcomes: frozenset[Outcome]) -> Fault:
    return Fault(f"finish-{reason}", "finish reason", lambda wire, text: as_json(wire.reply(text, reason)), outcomes)


def _limited(name: str, hint_s: tuple[float, float] | None, **headers: str) -> Fault:
    return Fault(f"429-{name}", "429", lambda wire, text: refuse(wire, 429, **headers), LIMITED, hint_s)


def _dated(wire: Wire, text: str) -> Answer:
    return refuse(wire, 429, retry_after=formatdate(time() + 30, usegmt=True))


def _openai_reset(name: str, text: str) -> Fault:
    headers = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": text}
    headers |= {"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": text}
    return _limited(name, (0, MAX_HINT_S), **headers)


LIMITS = [
    _limited("seconds", (2, 2), retry_after="2"),
    _limited("milliseconds", (1.5, 1.5), retry_after_ms="1500"),
    Fault("429-date", "429", _dated, LIMITED, (27, 31)),
    _limited("absurd", (0, MAX_HINT_S), retry_after="99999999999"),
    _limited("negative", None, retry_after="-5"),
    _limited("nonsense", None, retry_after="soon"),
    _limited("none", None),
    _openai_reset("reset-seconds", "1s"),
    _openai_reset("reset-minutes", "6m0s"),
    _openai_reset("reset-milliseconds", "120ms"),
    _openai_reset("reset-nonsense", "after lunch"),
    _limited("reset-instant", (0, MAX_HINT_S), anthropic_ratelimit_requests_reset="2026-11-24T00:00:00Z"),
]


def _status(status: int, outcomes: frozenset[Outcome] = TRANSIENT, **headers: str) -> Fault:
    return Fault(f"{status}", "5xx", lambda wire, text: refuse(wire, status, **headers), outcomes)


HTML = b"<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"

STATUSES = [
    *(_status(status) for status in (500, 502, 503, 504, 529)),
    Fault("502-html", "5xx", lambda wire, text: Answer(502, HTML, {"content-type": "text/html"}), TRANSIENT),
    Fault("503-empty", "5xx", lambda wire, text: Answer(503), TRANSIENT),
]


def _body(name: str, family: str, make: Callable[[bytes], bytes], outcomes: frozenset[Outcome], **kept: str) -> Fault:
    """`make` is given the good body."""
    headers = {**JSON_TYPE, **{key.replace("_", "-"): value for key, value in kept.items()}}
    return Fault(name, family, lambda wire, text: Answer(200, make(answer_well(wire, text).body), headers), outcomes)


def _without(wire: Wire, text: str) -> Answer:
    """A reply whose list of choices, or of content, is not there."""
    body = wire.reply(text, wire.stop)
    for name in ("choices", "content", "output"):
        if name in body:
            body[name] = {} if isinstance(body[name], dict) else []
    if wire.name == "anthropic":
        del body["content"]
    return as_json(body)


def _no_parts(wire: Wire, text: str) -> Answer:
    """A reply whose message has no parts, as models give that have nothing to add."""
    body = wire.reply("", wire.stop)
    if wire.name == "anthropic":
        body["content"] = []
    elif wire.name == "converse":
        body["output"]["message"]["content"] = []
    elif wire.name == "responses":
        body["output"][0]["content"] = []
    else:
        body["choices"][0]["message"]["content"] = None
    return as_json(body)


def _named(wire: Wire, text: str) -> Answer:
    return as_json(wire.error(503, "overloaded"))


@cache
def bomb(layers: int) -> bytes:
    """Spaces that were deflated `layers` times: 256 MiB in 255 kB, or in 1 kB."""
    packer = zlib.compressobj(9, wbits=31)
    chunk = b" " * (1 << 20)
    packed = b"".join([*(packer.compress(chunk) for _ in range(BOMB_BYTES >> 20)), packer.flush()])
    for _ in range(layers - 1):
        again = zlib.compressobj(9, wbits=31)
        packed = again.compress(packed) + again.flush()
    return packed


BODIES = [
    Fault("200-error", "error body", _named, TRANSIENT | MALFORMED),
    _body("torn", "malformed", lambda good: good[: len(good) // 2], MALFORMED),
    _body("html", "malformed", lambda good: HTML, MALFORMED, content_type="text/html"),
    _body("not-utf8", "malformed", lambda good: b"\xff\xfe\x00", MALFORMED),
    _body("deep", "malformed", lambda good: b"[" * 100_000, MALFORMED),
    _body("array", "malformed", lambda good: b"[" + good + b"]", MALFORMED),
    _body("null", "malformed", lambda good: b"null", MALFORMED),
    _body("string", "malformed", lambda good: b'"ok"', MALFORMED),
    _body("object", "malformed", lambda good: b"{}", MALFORMED),
    _body("no-gzip", "malformed", lambda good: good, TRANSIENT | MALFORMED | OK, content_encoding="gzip"),
    _body("empty", "empty", lambda good: b"", MALFORMED),
    _body("bomb", "bomb", lambda good: bomb(1), MALFORMED, content_encoding="gzip"),
    _body("bomb-in-bomb", "bomb", lambda good: bomb(2), MALFORMED, content_encoding="gzip, gzip"),
    Fault("no-choices", "no choices", _without, MALFORMED),
    Fault("no-content", "no choices", _no_parts, OK),
    Fault("no-text", "no choices", lambda wire, text: answer_well(wire, ""), OK),
]


def _with(name: str, family: str, *, slow: bool = False, **changes: Any) -> Fault:
    """A good answer on a bad connection."""
    return Fault(name, family, lambda wire, text: replace(answer_well(wire, text), **changes), TRANSIENT, slow=slow)


CONNECTIONS = [
    _with("cut", "truncated", cut_to=20),
    _with("cut-at-once", "truncated", cut_to=0),
    _with("trickle", "trickle", trickle_s=1.0, slow=True),
    _with("reset", "reset", reset=True),
    _with("late", "late", delay_s=LATE_S, slow=True),
    Fault(
        "redirect",
        "redirect",
        lambda wire, text: Answer(307, headers={"location": "http://127.0.0.1:9/"}),
        frozenset({"invalid"}),
    ),
]


def _logged(entries: Callable[[str], list[dict[str, Any]]]) -> AnswerOn:
    """A good answer with these logprobs, on the protocols that have any."""

    def answer(wire: Wire, text: str) -> Answer:
        body = wire.reply(text, wire.stop)
        if wire.name in CHAT_BODIES:
            body["choices"][0]["logprobs"] = {"content": entries(text)}
        elif wire.name == "responses":
            body["output"][0]["content"][0]["logprobs"] = entries(text)
        return as_json(body)

    return answer


FALSE_USAGE = {"prompt_tokens": "many", "input_tokens": [], "inputTokens": -1}


def _counted(wire: Wire, text: str, usage: Any) -> Answer:
    return as_json({**wire.reply(text, wire.stop), "usage": usage})


def _said(name: str, family: str, add: str) -> Fault:
    return Fault(name, family, lambda wire, text: answer_well(wire, text + add), OK)


TEXTS = [
    Fault("sentinel", "-9999", _logged(lambda text: [entry(text, -0.1, {text: -0.1, "b": -9999.0})]), OK),
    Fault("all-sentinels", "-9999", _logged(lambda text: [entry(text, -9999.0, {"b": -9999.0})]), OK),
    Fault("fewer", "fewer entries", _logged(lambda text: [entry(text, -0.1, {text: -0.1})]), OK),
    Fault("no-alternatives", "fewer entries", _logged(lambda text: [entry(text, -0.1)]), OK),
    Fault("no-logprobs", "fewer entries", _logged(lambda text: []), OK),
    Fault("false-logprobs", "fewer entries", _logged(lambda text: [entry("other", -0.1)]), OK),
    Fault("wild-logprobs", "fewer entries", _logged(lambda text: [{"token": 7, "logprob": "x"}]), OK),
    Fault("nan-logprobs", "fewer entries", _logged(lambda text: [entry(text, float("nan"))]), OK),
    Fault("no-usage", "usage", lambda wire, text: _counted(wire, text, None), OK),
    Fault("false-usage", "usage", lambda wire, text: _counted(wire, text, FALSE_USAGE), OK),
    _said("null-byte", "null bytes", "\0\0"),
    _said("lone-surrogate", "null bytes", "\ud800"),
    _said("wrong-way-round", "null bytes", "\udc00\ud800"),
]
