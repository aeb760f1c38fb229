"""The Anthropic adapter against llama.cpp's server and against one that fails on command."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from prompts.errors import InputError
from prompts.messages import Message
from teachers.anthropic.teacher import PATH, AnthropicTeacher
from teachers.base import Allowance, Limits, Reply, Request, Sampling, Teacher, Usage
from teachers.catalog import describe, open_teacher
from teachers.errors import (
    AuthError,
    InvalidRequest,
    Malformed,
    TeacherError,
    Transient,
    Unsupported,
)
from teachers.pacing.meter import Metered, cost_usd
from teachers.spec import Options, Spec
from tests.servers.faults import Answer, FaultServer, Seen, as_json
from tests.servers.wires import WIRES, anthropic_error, anthropic_reply, echo_any
from tests.teachers.contract import SCHEMA, STATUSES, TeacherContract, ask

KEY = "sk-ant-a-key-that-must-not-be-seen"
WIRE = WIRES["anthropic"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.fixture
def claude(faults: FaultServer) -> FaultServer:
    """The fault server, speaking Anthropic's protocol."""
    faults.responder = echo_any
    return faults


class TestContractOnLlama(TeacherContract):
    @pytest.fixture
    def spec(self, llama_url: str) -> str:
        return f"anthropic:smollm2@{llama_url}"


class TestContractOnFaults(TeacherContract):
    @pytest.fixture
    def spec(self, claude: FaultServer) -> str:
        return WIRE.spec(claude)

    def test_what_it_cannot_do_is_refused_before_any_call(self, spec: str, claude: FaultServer) -> None:  # type: ignore[override]
        super().test_what_it_cannot_do_is_refused_before_any_call(spec)
        assert claude.requests == []


class TestContractOnAClaudeGateway(TestContractOnFaults):
    """As the hosted models: no temperature."""

    @pytest.fixture
    def spec(self, claude: FaultServer) -> str:
        return f"anthropic:claude-sonnet-5-5@{claude.root}"


def use(
    server: FaultServer, job: Callable[[Teacher], Awaitable[Any]], model: str = "claude-test", **options: Any
) -> Any:
    """What a job does with a teacher of these options behind the server."""

    async def run() -> Any:
        teacher = open_teacher(Spec("anthropic", model, server.root, Options(**options)), timeout_s=20.0)
        try:
            return await job(teacher)
        finally:
            await teacher.close()

    return asyncio.run(run())


def failure(server: FaultServer, answer: Answer) -> TeacherError:
    """What a teacher raises when the server answers so; nowhere in it is the key."""
    server.responder = lambda seen: answer
    with pytest.raises(TeacherError) as caught:
        use(server, lambda teacher: ask(teacher, "x"))
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def answered(server: FaultServer, body: Any, **headers: Any) -> Reply:
    server.responder = lambda seen: as_json(body, **headers)
    reply = use(server, lambda teacher: ask(teacher, "x"))
    assert isinstance(reply, Reply)
    return reply


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_every_status_has_its_error_and_echoes_no_key(
    claude: FaultServer, status: int, kind: type[TeacherError]
) -> None:
    error = failure(claude, as_json(anthropic_error(status, f"your key {KEY} failed"), status))
    assert type(error) is kind
    assert error.status == status
    assert "your key *** failed" in str(error)
    assert len(claude.requests) == 1  # the SDK does not retry


def test_an_error_inside_a_200_echoes_no_key_either(claude: FaultServer) -> None:
    error = failure(claude, as_json(anthropic_error(529, f"overloaded by {KEY}")))
    assert type(error) is Transient
    assert "overloaded by ***" in str(error)
    assert "***" in str(failure(claude, Answer(200, f"<p>{KEY}".encode())))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Tue, 01 Jan 2019 00:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 529])
def test_the_servers_hint_is_kept(
    claude: FaultServer, status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert failure(claude, Answer(status, headers=headers)).retry_after_s == seconds


def test_what_is_left_of_the_limits_is_said(claude: FaultServer) -> None:
    told = {"anthropic-ratelimit-tokens-remaining": "7"}
    left = Limits(tokens=Allowance(None, 7.0))
    assert failure(claude, Answer(529, headers=told)).limits == left
    assert answered(claude, anthropic_reply("text"), **told).limits == left


def refused(status: int, message: str) -> Answer:
    return as_json(anthropic_error(status, message), status)


PAGE = Answer(404, b"<html><body>nginx</body></html>", {"content-type": "text/html"})
TOO_LONG = "prompt is too long: 208310 tokens > 200000 maximum"
NO_SCHEMA = "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (refused(401, "invalid x-api-key"), AuthError, "invalid x-api-key. Check ANTHROPIC_API_KEY"),
        (refused(404, "model: claude-0"), InvalidRequest, "model: claude-0. Check the model's name"),
        (PAGE, InvalidRequest, "Not Found. Check the model's name and the base URL"),
        (replace(PAGE, status=200), Malformed, "That is a web page: check the base URL"),
        (refused(400, NO_SCHEMA), InvalidRequest, "to false. Change json_schema to what the API takes"),
        (refused(400, TOO_LONG), InvalidRequest, "200000 maximum. Shorten the prompt"),
        (refused(413, "Request exceeds 32 MB"), InvalidRequest, "32 MB. Shorten the prompt"),
        (refused(400, "Your credit balance is too low"), AuthError, "too low. Add credit"),
    ],
)  # fmt: skip
def test_what_users_meet_has_the_providers_words_and_what_to_do(
    claude: FaultServer, answer: Answer, kind: type[TeacherError], words: str
) -> None:
    error = failure(claude, answer)
    assert type(error) is kind
    assert words in str(error)


GOOD = json.dumps(anthropic_reply("text")).encode()
GZIP = {"content-encoding": "gzip", "content-type": "application/json"}


def bomb() -> bytes:
    """80 MiB of spaces, deflated."""
    packer = zlib.compressobj(9, wbits=31)
    chunk = b" " * (1 << 20)
    return b"".join([*(packer.compress(chunk) for _ in range(80)), packer.flush()])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, b""), Malformed),
        (Answer(200, GOOD[:50], {"content-type": "application/json"}), Malformed),
        (Answer(200, b"[" * 100_000, {"content-type": "application/json"}), Malformed),
        (Answer(200, b"\xff\xfe\x00", {"content-type": "application/json"}), Malformed),
        (as_json({"type": "message", "content": None}), Malformed),
        (as_json({"type": "message", "content": [{"type": "text"}]}), Malformed),
        (Answer(200, GOOD, cut_to=50), Transient),
        (Answer(200, GOOD, reset=True), Transient),
        (Answer(200, GOOD, GZIP), Transient),
        (Answer(200, bomb(), GZIP), Malformed),
    ],
)  # fmt: skip
def test_every_bad_body_has_its_error(claude: FaultServer, answer: Answer, kind: type[TeacherError]) -> None:
    assert type(failure(claude, answer)) is kind


@pytest.mark.parametrize("slow", [Answer(200, GOOD, delay_s=5), Answer(200, GOOD, trickle_s=0.05)])
def test_the_timeout_covers_the_whole_body(claude: FaultServer, slow: Answer) -> None:
    async def run() -> None:
        teacher = open_teacher(WIRE.spec(claude), timeout_s=0.3)
        try:
            with pytest.raises(Transient, match=r"no answer within 0\.3 s|timed out"):
                await ask(teacher, "x")
        finally:
            await teacher.close()

    claude.responder = lambda seen: slow
    asyncio.run(run())


def test_nobody_there_is_transient() -> None:
    async def run(url: str) -> None:
        teacher = open_teacher(f"anthropic:m@{url}")
        with pytest.raises(Transient, match="Connection error"):
            await ask(teacher, "x")
        await teacher.close()
        with pytest.raises(InvalidRequest, match="closed"):
            await ask(teacher, "x")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        asyncio.run(run(f"http://127.0.0.1:{free.getsockname()[1]}"))


def test_a_redirect_is_not_followed(claude: FaultServer) -> None:
    with FaultServer() as elsewhere:
        error = failure(claude, Answer(307, headers={"location": f"{elsewhere.url}/messages"}))
        assert type(error) is InvalidRequest
        assert "Give the base URL it leads to" in str(error)
        assert elsewhere.requests == []


def test_a_metadata_address_is_refused() -> None:
    with pytest.raises(InputError, match="link-local or metadata"):
        open_teacher("anthropic:m@http://169.254.169.254")


def test_the_reply_says_what_the_provider_said(claude: FaultServer) -> None:
    body = anthropic_reply("text", "max_tokens")
    body["usage"] |= {"cache_creation_input_tokens": 4, "output_tokens_details": {"thinking_tokens": 1}}
    reply = answered(claude, body, request_id="req_7")
    assert (reply.text, reply.outcome, reply.finish_reason) == ("text", "truncated", "max_tokens")
    assert reply.request_id == "req_7"
    assert reply.usage == Usage(5 + 2 + 4, 2, 3, 1, 4)
    assert answered(claude, body).request_id == "msg_1"


CONVERSATION = (Message("system", "s"), Message("user", "x"), Message("assistant", "y"), Message("user", "q"))


def sent(server: FaultServer, model: str, how: Sampling, schema: str | None = None, **options: Any) -> Seen:
    """The request that arrives for this one."""

    async def job(teacher: Teacher) -> None:
        await teacher.complete(Request(teacher.identity, CONVERSATION, how, schema))

    server.responder = echo_any
    use(server, job, model, **options)
    return server.requests[-1]


def test_the_whole_request_is_sent(claude: FaultServer) -> None:
    how = Sampling(max_tokens=9, reasoning_effort="low")
    seen = sent(claude, "claude-sonnet-5-5", how, SCHEMA, capabilities=(("caching", True),))
    assert seen.path == "/v1/messages"
    assert seen.headers["authorization"] == f"Bearer {seen.headers['x-api-key']}" == f"Bearer {KEY}"
    assert seen.headers["anthropic-version"] == "2026-10-21"
    cached = [{"type": "text", "text": "y", "cache_control": {"type": "ephemeral"}}]
    assert seen.body == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 9,
        "system": "s",
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": cached},
            {"role": "user", "content": "q"},
        ],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": json.loads(SCHEMA)}},
    }


@pytest.mark.parametrize(
    ("options", "marked"),
    [({}, False), ({"capabilities": (("caching", True),)}, True), ({"cache_prefix": False}, False)],
)
def test_a_prefix_is_marked_where_it_is_cached_and_wanted(
    claude: FaultServer, options: dict[str, Any], marked: bool
) -> None:
    seen = sent(claude, "claude-sonnet-5-5", Sampling(max_tokens=9), **options)
    assert ("cache_control" in json.dumps(seen.body)) == marked
    assert describe("anthropic:claude-sonnet-5-5").capabilities.caching


def test_an_older_version_takes_what_today_is_refused(claude: FaultServer) -> None:
    how = Sampling(temperature=0.5, top_p=0.9, max_tokens=9)
    seen = sent(claude, "claude-sonnet-4-6", how, api_version="2023-06-01")
    assert seen.headers["anthropic-version"] == "2023-06-01"
    assert (seen.body["temperature"], seen.body["top_p"]) == (0.5, 0.9)
    with pytest.raises(Unsupported, match="leave temperature unset; it takes no top_p"):
        sent(claude, "claude-sonnet-4-6", how)
    with pytest.raises(Unsupported, match="leave temperature unset"):
        sent(claude, "claude-sonnet-5", how, api_version="2023-06-01")
    thinking = replace(how, top_p=None, reasoning_effort="high")
    with pytest.raises(Unsupported, match="set reasoning_effort to none, or unset temperature"):
        sent(claude, "claude-sonnet-4-6", thinking, api_version="2023-06-01")
    assert len(claude.requests) == 1


def test_a_request_without_max_tokens_is_refused_before_any_call(claude: FaultServer) -> None:
    with pytest.raises(Unsupported, match="set max_tokens"):
        sent(claude, "claude-sonnet-5", Sampling())
    assert claude.requests == []


def test_a_model_near_its_retirement_answers_without_a_warning(claude: FaultServer) -> None:
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    assert sent(claude, next(iter(DEPRECATED_MODELS)), Sampling(max_tokens=9)).body["max_tokens"] == 9


def test_a_base_url_may_end_in_v1(claude: FaultServer) -> None:
    with_v1 = Spec("anthropic", "m", claude.url)

    async def run() -> Reply:
        teacher = open_teacher(with_v1)
        try:
            return await ask(teacher, "echo")
        finally:
            await teacher.close()

    assert asyncio.run(run()).text == "echo"
    assert claude.requests[0].path == "/v1/messages"


def test_a_server_on_this_machine_needs_no_key(monkeypatch: pytest.MonkeyPatch, claude: FaultServer) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert use(claude, lambda teacher: ask(teacher, "echo")).text == "echo"
    for spec in ("anthropic:claude-sonnet-5", "anthropic:m@https://example.com"):
        with pytest.raises(AuthError, match="Set ANTHROPIC_API_KEY"):
            open_teacher(spec)


def test_a_key_no_header_can_carry_is_refused_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-\u2028secret")
    with pytest.raises(AuthError) as caught:
        open_teacher("anthropic:claude-sonnet-5")
    assert "secret" not in str(caught.value)


HEADERS = ("anthropic-beta: b", "Anthropic-Version: 2023-06-01", "Authorization: Bearer x", "x-api-key: k", ": e")
AMBIENT = {
    "ANTHROPIC_BASE_URL": "http://elsewhere.example",
    "ANTHROPIC_AUTH_TOKEN": "token-of-another",
    "ANTHROPIC_CUSTOM_HEADERS": "\n".join(HEADERS),
}


def test_the_environment_moves_and_changes_nothing(monkeypatch: pytest.MonkeyPatch, claude: FaultServer) -> None:
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)
    seen = sent(claude, "m", Sampling(max_tokens=9))
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["anthropic-version"] == "2026-10-21"
    assert seen.headers["x-api-key"] == KEY
    assert "anthropic-beta" not in seen.headers
    teacher = AnthropicTeacher(Spec("anthropic", "claude-sonnet-5"))
    assert str(asyncio.run(teacher._sdk.target(PATH)).url) == "https://api.anthropic.com/v1/messages"


def test_the_version_is_part_of_who_answers() -> None:
    def identity(version: str | None) -> Any:
        return describe(Spec("anthropic", "claude-sonnet-4-6", None, Options(api_version=version))).identity

    assert identity(None).api_version == "2026-10-21"
    keys = {Request(identity(version), (Message("user", "x"),)).key for version in (None, "2023-06-01", "2026-10-21")}
    assert len(keys) == 2
    with pytest.raises(InputError, match="'latest' is no version"):
        identity("latest")


def test_cached_tokens_cost_what_the_price_list_says(claude: FaultServer) -> None:
    body = anthropic_reply("text")
    body["usage"] = {
        "input_tokens": 500,
        "cache_read_input_tokens": 8000,
        "cache_creation_input_tokens": 1500,
        "output_tokens": 1000,
    }
    claude.responder = lambda seen: as_json(body)
    usage = use(claude, lambda teacher: ask(Metered(teacher), "x")).usage
    assert usage.input_tokens == 10_000
    # Claude Haiku 4.5 per million tokens: input $1, cache read $0.10, cache write $1.25, output $5.
    dollars = (500 * 1 + 8000 * 0.1 + 1500 * 1.25 + 1000 * 5) / 1_000_000
    identity = describe("anthropic:claude-haiku-4-5").identity
    assert cost_usd(identity, usage) == pytest.approx(dollars, rel=1e-9)


def test_llama_cpp_names_the_context_that_is_too_long(llama_url: str) -> None:
    async def run() -> None:
        teacher = open_teacher(f"anthropic:smollm2@{llama_url}")
        try:
            with pytest.raises(InvalidRequest, match=r"exceeds the available context size.*Shorten the prompt"):
                await ask(teacher, "word " * 3000)
            told = await teacher.complete(Request(teacher.identity, CONVERSATION, Sampling(max_tokens=9), SCHEMA))
            # llama.cpp's Messages endpoint ignores a schema without a word: a whole answer outside it says so.
            assert told.outcome == "truncated" or "does not satisfy the schema" in told.warnings[0]
        finally:
            await teacher.close()

    asyncio.run(run())
