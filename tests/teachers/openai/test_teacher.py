"""The OpenAI adapter against llama.cpp's server and against one that fails on command."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from dataclasses import replace
from typing import Any

import pytest

from prompts.errors import InputError
from prompts.messages import Message
from teachers.arrival import lacks
from teachers.base import Allowance, Limits, Reply, Request, Sampling, Teacher
from teachers.catalog import describe, open_teacher
from teachers.errors import (
    AuthError,
    InvalidRequest,
    Malformed,
    TeacherError,
    Transient,
    Unsupported,
)
from teachers.openai.endpoint import endpoint_of
from teachers.openai.parts import cache_key
from teachers.openai.teacher import OpenAITeacher, to_call
from teachers.spec import Options, Spec
from tests.servers.faults import Answer, FaultServer, as_json, chat, chat_body, entry, logprobs
from tests.servers.wires import echo_any
from tests.teachers.contract import SCHEMA, STATUSES, TeacherContract, ask, conversation, plain_sampling, with_teacher

KEY = "sk-a-key-that-must-not-be-seen"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


class TestContractOnLlama(TeacherContract):
    @pytest.fixture
    def spec(self, llama_url: str) -> str:
        return f"openai:smollm2@{llama_url}"


class TestContractOnLlamasResponses(TeacherContract):
    """llama.cpp turns a response into a chat completion and then wants a field that Responses does not have."""

    @pytest.fixture
    def spec(self, llama_url: str) -> Spec:
        return Spec("openai", "smollm2", llama_url, Options(api="responses", capabilities=(("top_logprobs", 0),)))


class TestContractOnFaults(TeacherContract):
    @pytest.fixture
    def spec(self, faults: FaultServer) -> str:
        return faults.spec()

    def test_what_it_cannot_do_is_refused_before_any_call(self, spec: str, faults: FaultServer) -> None:  # type: ignore[override]
        super().test_what_it_cannot_do_is_refused_before_any_call(spec)
        assert faults.requests == []


class TestContractOnResponses(TeacherContract):
    @pytest.fixture
    def spec(self, faults: FaultServer) -> Spec:
        faults.responder = echo_any
        return Spec("openai", "test-model", faults.url, Options(api="responses"))


def failure(faults: FaultServer, answer: Answer) -> TeacherError:
    """What a teacher raises when the server answers so; nowhere in it is the key."""
    faults.responder = lambda seen: answer
    with pytest.raises(TeacherError) as caught:
        with_teacher(faults.spec(), lambda teacher: ask(teacher, "x"))
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_every_status_has_its_error_and_echoes_no_key(
    faults: FaultServer, status: int, kind: type[TeacherError]
) -> None:
    echoed = as_json({"error": {"message": f"your key {KEY} failed", "code": "why"}}, status)
    error = failure(faults, echoed)
    assert type(error) is kind
    assert error.status == status
    assert "your key *** failed" in str(error)
    assert len(faults.requests) == 1  # the SDK does not retry


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Tue, 01 Jan 2019 00:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_servers_hint_is_kept(
    faults: FaultServer, status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert failure(faults, Answer(status, headers=headers)).retry_after_s == seconds


@pytest.mark.parametrize(
    "body", [json.dumps({"error": {"message": f"your key {KEY}", "code": 401}}).encode(), f"your key {KEY}".encode()]
)
def test_a_200_that_echoes_the_key_shows_none(faults: FaultServer, body: bytes) -> None:
    assert "your key ***" in str(failure(faults, Answer(200, body)))


def test_no_credit_is_not_a_rate(faults: FaultServer) -> None:
    error = failure(faults, as_json({"error": {"message": "You exceeded", "code": "insufficient_quota"}}, 429))
    assert type(error) is AuthError
    assert "Add credit" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            401,
            {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}},
            ["Check OPENAI_API_KEY"],
        ),
        (
            404,
            {"error": {"message": "The model `gpt-9` does not exist", "code": "model_not_found"}},
            ["`gpt-9` does not exist", "Check the model's name"],
        ),
        (
            404,
            {"error": {"message": "This model is only supported in v1/responses", "param": "model", "code": None}},
            ["only supported in v1/responses", "need 'responses'"],
        ),
        (404, {"detail": "Not Found"}, ["Not Found", "base URL (most end in /v1)"]),
        (
            404,
            {"error": {"code": "DeploymentNotFound", "message": "No deployment"}},
            ["Give the deployment's name"],
        ),
        (
            400,
            {"error": {"message": "This model's maximum context length is 8192", "code": "context_length_exceeded"}},
            ["maximum context length is 8192", "Shorten the prompt"],
        ),
        (
            400,
            {"error": {"message": "exceeds the available context size", "type": "exceed_context_size_error"}},
            ["exceeds the available context size", "Shorten the prompt"],
        ),
        (400, {"error": {"message": "at most 10 input tokens", "param": "input_tokens", "code": 400}}, ["Shorten the"]),
        (
            400,
            {
                "error": {
                    "message": "Invalid schema for response_format 'reply'",
                    "param": "response_format",
                    "code": None,
                }
            },
            ["Invalid schema for", "Change json_schema"],
        ),
        (400, {"error": {"message": "Invalid schema", "param": "text.format.schema"}}, ["Change json_schema"]),
        (
            400,
            {"error": {"message": "Unsupported parameter: 'logprobs'", "code": "unsupported_parameter"}},
            ["'logprobs'", "Leave it unset"],
        ),
        (400, {"error": {"message": "Expected >= 16", "code": "integer_below_min_value"}}, ["Raise max_tokens"]),
        (413, {"error": {"message": "too large"}}, ["Shorten the prompt"]),
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "extra fields"}]}, ["extra fields"]),
        (302, {}, ["Give the base URL it leads to"]),
    ],
)
def test_a_refusal_says_why_in_the_providers_words_and_what_to_do(
    faults: FaultServer, status: int, body: dict[str, object], words: list[str]
) -> None:
    message = str(failure(faults, as_json(body, status)))
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_page_is_called_one(faults: FaultServer, status: int) -> None:
    page = Answer(status, b"<!doctype html><html><body>Welcome to nginx</body></html>", {"content-type": "text/html"})
    message = str(failure(faults, page))
    assert "web page" in message
    assert "base URL" in message
    assert "nginx" not in message or len(message) < 200


LIMITED = {"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "3"}


def test_what_is_left_of_the_limits_is_said(faults: FaultServer) -> None:
    left = Limits(requests=Allowance(500.0, 3.0))
    assert answered(faults, replace(chat("text"), headers=LIMITED)).limits == left
    for status in (429, 500):
        assert failure(faults, Answer(status, headers=LIMITED)).limits == left
    assert failure(faults, Answer(200, b"torn", LIMITED)).limits == left
    assert failure(faults, Answer(500)).limits is None


def test_a_filtered_prompt_is_an_answer(faults: FaultServer) -> None:
    faults.responder = lambda seen: as_json({"error": {"code": "content_filter"}}, 400, x_request_id="r1")
    reply = with_teacher(faults.spec(), lambda teacher: ask(teacher, "x"))
    assert (reply.outcome, reply.text, reply.request_id) == ("filtered", "", "r1")


GOOD = json.dumps(chat_body("text")).encode()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, b""), Malformed),
        (Answer(200, b"<html><body>Bad gateway</body></html>", {"content-type": "text/html"}), Malformed),
        (Answer(200, GOOD[:50], {"content-type": "application/json"}), Malformed),
        (Answer(200, b"[" * 100_000, {"content-type": "application/json"}), Malformed),
        (Answer(200, b"\xff\xfe\x00", {"content-type": "application/json"}), Malformed),
        (as_json({"choices": []}), Malformed),
        (as_json({"error": {"message": "overloaded", "code": 503}}), Transient),
        (Answer(200, GOOD, cut_to=50), Transient),
        (Answer(200, GOOD, reset=True), Transient),
        (Answer(200, GOOD, {"content-encoding": "gzip"}), Transient),
    ],
)
def test_every_bad_body_has_its_error(faults: FaultServer, answer: Answer, kind: type[TeacherError]) -> None:
    assert type(failure(faults, answer)) is kind


@pytest.mark.parametrize("slow", [Answer(200, GOOD, delay_s=5), Answer(200, GOOD, trickle_s=0.05)])
def test_the_timeout_covers_the_whole_body(faults: FaultServer, slow: Answer) -> None:
    async def run() -> None:
        teacher = open_teacher(faults.spec(), timeout_s=0.3)
        try:
            with pytest.raises(Transient, match=r"no answer within 0\.3 s|timed out"):
                await ask(teacher, "x")
        finally:
            await teacher.close()

    faults.responder = lambda seen: slow
    asyncio.run(run())


def test_nobody_there_is_transient() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        spec = f"openai:m@http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(Transient):
            with_teacher(spec, lambda teacher: ask(teacher, "x"))


def test_a_redirect_is_not_followed(faults: FaultServer) -> None:
    with FaultServer() as elsewhere:
        error = failure(faults, Answer(307, headers={"location": f"{elsewhere.url}/chat/completions"}))
        assert type(error) is InvalidRequest
        assert elsewhere.requests == []


def answered(faults: FaultServer, answer: Answer) -> Reply:
    faults.responder = lambda seen: answer
    return with_teacher(faults.spec(), lambda teacher: ask(teacher, "x", top_logprobs=5))


def test_the_reply_says_what_the_provider_said(faults: FaultServer) -> None:
    reply = answered(faults, as_json(chat_body("text"), x_request_id="req-7"))
    assert (reply.text, reply.outcome, reply.finish_reason, reply.request_id) == ("text", "ok", "stop", "req-7")
    assert (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.output_tokens) == (7, 2, 3)


def test_logprobs_that_are_not_the_texts_are_dropped_aloud(faults: FaultServer) -> None:
    reply = answered(faults, chat("text", logprobs=logprobs([entry("tex", -0.1)])))
    assert reply.text == "text"
    assert reply.tokens == ()
    assert "do not join to the text" in reply.warnings[0]


def test_fewer_alternatives_than_asked_are_what_there_is(faults: FaultServer) -> None:
    reply = answered(faults, chat("a", logprobs=logprobs([entry("a", -0.1, {"a": -0.1, "b": -9999.0})])))
    assert [other.bytes for other in reply.tokens[0].top] == [b"a"]


def test_what_was_asked_for_and_did_not_come_is_said(faults: FaultServer) -> None:
    none = answered(faults, chat("text"))
    assert none.warnings == ("no alternatives came, 5 a token were asked for",)
    few = answered(faults, chat("a", logprobs=logprobs([entry("a", -0.1, {"a": -0.1})])))
    assert few.warnings == ("1 of 1 tokens have fewer than the 5 alternatives asked for",)


def test_the_shared_prefix_has_a_cache_key_at_openais_own_endpoint_alone() -> None:
    turns = (Message("system", "long examples"), Message("user", "u"))
    found = describe("openai:gpt-4.1")
    request = Request(found.identity, turns)
    own, other = endpoint_of(Spec("openai", "m")), endpoint_of(Spec("openai", "m", "http://localhost:1/v1"))
    for api in ("chat", "responses"):
        can = replace(found.capabilities, api=api)
        assert to_call(request, own, can, cache_prefix=True).body["prompt_cache_key"] == cache_key(request)
        assert "prompt_cache_key" not in to_call(request, own, can, cache_prefix=False).body
        assert "prompt_cache_key" not in to_call(request, other, can, cache_prefix=True).body


def test_the_whole_request_is_sent(faults: FaultServer) -> None:
    async def use(teacher: Teacher) -> None:
        how = Sampling(temperature=0.5, top_p=0.9, max_tokens=3, seed=4, top_logprobs=2)
        messages = (Message("system", "s"), Message("user", "u"))
        await teacher.complete(Request(teacher.identity, messages, how))

    with_teacher(faults.spec("a/b:c"), use)
    seen = faults.requests[0]
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {
        "model": "a/b:c",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 3,
        "seed": 4,
        "logprobs": True,
        "top_logprobs": 2,
    }


@pytest.mark.parametrize("text", ["half a pair \ud800", "x" * (3 << 20), "ÿ\0\u2028"])
def test_any_text_is_sent_as_it_is(faults: FaultServer, text: str) -> None:
    with_teacher(faults.spec(), lambda teacher: ask(teacher, text))
    assert faults.requests[0].turn == text


def test_a_server_on_this_machine_needs_no_key(monkeypatch: pytest.MonkeyPatch, faults: FaultServer) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert with_teacher(faults.spec(), lambda teacher: ask(teacher, "echo")).text == "echo"
    for spec in ("openai:gpt-4.1", "openai:m@https://example.com/v1"):
        with pytest.raises(AuthError, match="Set OPENAI_API_KEY"):
            open_teacher(spec)


def test_a_key_no_header_can_carry_is_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\u2028secret")
    with pytest.raises(AuthError) as caught:
        open_teacher("openai:gpt-4.1")
    assert "secret" not in str(caught.value)


def test_the_official_endpoint_is_not_moved_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.example/v1")
    teacher = OpenAITeacher(Spec("openai", "gpt-4.1"))
    target = asyncio.run(teacher._sdk.target("/chat/completions"))
    assert str(target.url) == "https://api.openai.com/v1/chat/completions"
    assert target.headers["authorization"] == f"Bearer {KEY}"
    assert target.headers["user-agent"].startswith("AsyncOpenAI/")
    assert teacher.identity.base_url is None
    assert teacher.identity.terms
    assert describe("openai:m@http://x/v1").identity.terms is None


@pytest.mark.parametrize(
    ("model", "how", "problem"),
    [
        ("o3", {"top_logprobs": 1}, "set top_logprobs to 0"),
        ("gpt-5-mini", {"temperature": 0.5}, "leave temperature unset"),
        ("gpt-5-mini", {"reasoning_effort": "none"}, "use one of minimal, low, medium, high"),
        ("gpt-5.4", {"reasoning_effort": "low", "temperature": 0.5}, "set reasoning_effort to none"),
        ("gpt-5.4", {"temperature": 0.5, "top_logprobs": 5}, None),
        ("gpt-5.5", {"temperature": 0.5}, "set reasoning_effort to none"),
        ("gpt-5.5", {"reasoning_effort": "none", "temperature": 0.5, "top_logprobs": 20}, None),
        ("gpt-6-astra", {"reasoning_effort": "none"}, "use one of low, medium, high, xhigh, max"),
        ("gpt-6-luna", {"reasoning_effort": "none", "top_logprobs": 20}, None),
        ("gpt-6-luna", {"reasoning_effort": "max"}, None),
        ("gpt-6.9-unheard-of", {"top_logprobs": 1}, "set top_logprobs to 0"),
        ("gpt-5.5-pro", {"seed": 1}, "leave seed unset"),
        ("gpt-5.5-pro", {"max_tokens": 15}, "set max_tokens to 16"),
        ("gpt-5-pro", {"reasoning_effort": "low"}, "use one of high"),
        ("gpt-4.1", {"temperature": 0.0, "seed": 1, "top_logprobs": 20, "max_tokens": 1}, None),
    ],
)
def test_a_model_is_asked_only_for_what_it_takes(model: str, how: dict[str, Any], problem: str | None) -> None:
    found = describe(f"openai:{model}")
    said = [
        lack.says for lack in lacks(found.capabilities, Request(found.identity, conversation("x"), Sampling(**how)))
    ]
    assert (said == []) if problem is None else problem in "; ".join(said)


def test_a_name_that_resolves_to_the_metadata_service_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = socket.getaddrinfo("169.254.169.254", 80, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **named: [] if named.get("flags") else found)
    with pytest.raises(InvalidRequest, match="innocent") as caught:
        with_teacher("openai:m@http://innocent.example/v1", lambda teacher: ask(teacher, "x"))
    assert "allow_addresses: ['169.254.169.254']" in str(caught.value)
    with pytest.raises(InputError, match="link-local or metadata"):
        open_teacher("openai:m@http://169.254.169.254/v1")


def test_reasoning_models_are_refused_logprobs_before_any_call() -> None:
    with pytest.raises(Unsupported, match="set top_logprobs to 0"):
        with_teacher("openai:o3", lambda teacher: ask(teacher, "x", temperature=None, top_logprobs=1))


def answer_in_schema(spec: str) -> Reply:
    async def use(teacher: Teacher) -> Reply:
        how = plain_sampling(teacher, max_tokens=60)
        return await teacher.complete(Request(teacher.identity, (Message("user", "Is this spam?"),), how, SCHEMA))

    return with_teacher(spec, use)


def test_a_schema_binds_llama_cpp(llama_url: str) -> None:
    reply = answer_in_schema(f"openai:m@{llama_url}")
    assert json.loads(reply.text)["label"] in ("spam", "ham")
    assert reply.warnings == ()


def test_a_server_that_ignores_the_schema_is_told_on(faults: FaultServer) -> None:
    reply = answer_in_schema(faults.spec())
    assert faults.requests[0].body["response_format"]["json_schema"]["schema"] == json.loads(SCHEMA)
    assert "does not satisfy the schema" in reply.warnings[0]


def test_a_request_key_names_the_server() -> None:
    keys = {
        Request(describe(spec).identity, (Message("user", "x"),)).key
        for spec in ("openai:m", "openai:m@http://a/v1", "openai:m@http://b/v1", "openai:n")
    }
    assert len(keys) == 4
