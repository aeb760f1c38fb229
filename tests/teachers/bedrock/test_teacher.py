"""The Bedrock adapter against a server that speaks Converse and InvokeModel, and fails on command."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from prompts.errors import InputError
from prompts.messages import Message
from teachers.base import Identity, Reply, Request, Sampling, Teacher
from teachers.bedrock.wire import from_wire
from teachers.catalog import describe, open_teacher
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient, Unsupported
from teachers.pacing.meter import cost_usd
from teachers.spec import Options, Spec
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat_body, entry, logprobs
from tests.servers.wires import INVOKE, WIRES, converse_reply, credentials_missing, echo_any
from tests.teachers.contract import SCHEMA, TeacherContract, ask, conversation, plain_sampling, with_teacher

CONVERSE = WIRES["converse"]
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAMUSTNOTBESEEN",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-must-not-be-seen",
    "AWS_SESSION_TOKEN": "a-session-token-that-must-not-be-seen",
}
BEARER = "a-bearer-that-must-not-be-seen"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys that are no keys, a region, and nothing of this machine's own configuration."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**KEYS, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def signed(seen: Seen) -> Answer:
    """Echoes, if the request is signed or has a bearer token."""
    lacks = credentials_missing(seen)
    return as_json({"message": f"lacks {lacks}"}, 403) if lacks else echo_any(seen)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(signed) as server:
        yield server


class TestContractOnConverse(TeacherContract):
    @pytest.fixture
    def spec(self, server: FaultServer) -> str:
        return CONVERSE.spec(server)

    def test_what_it_cannot_do_is_refused_before_any_call(self, spec: str, server: FaultServer) -> None:  # type: ignore[override]
        super().test_what_it_cannot_do_is_refused_before_any_call(spec)
        assert server.requests == []


class TestContractOnInvoke(TeacherContract):
    @pytest.fixture
    def spec(self, server: FaultServer) -> str:
        return INVOKE.spec(server)


def failure(server: FaultServer, answer: Answer, wire: str = "converse") -> TeacherError:
    """What a teacher raises when the server answers so; nowhere in it is a secret."""
    server.responder = lambda seen: answer
    spec = INVOKE.spec(server) if wire == "invoke" else CONVERSE.spec(server)
    with pytest.raises(TeacherError) as caught:
        with_teacher(spec, lambda teacher: ask(teacher, "x"))
    shown = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in (*KEYS.values(), BEARER) if secret in shown]
    return caught.value


def aws_error(code: str, status: int, message: str, **headers: str) -> Answer:
    return as_json({"message": message}, status, x_amzn_errortype=f"{code}:http://internal/", **headers)


@pytest.mark.parametrize("wire", ["converse", "invoke"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (aws_error("AccessDeniedException", 403, "no access"), AuthError),
        (aws_error("ExpiredTokenException", 403, "expired"), AuthError),
        (aws_error("ThrottlingException", 429, "too many requests"), RateLimited),
        (aws_error("ModelNotReadyException", 429, "not ready"), Transient),
        (aws_error("ValidationException", 400, "The provided model identifier is invalid."), InvalidRequest),
        (aws_error("ResourceNotFoundException", 404, "no such model"), InvalidRequest),
        (aws_error("InternalServerException", 500, "oops"), Transient),
        (Answer(404, b"<html>not here</html>", {"content-type": "text/html"}), InvalidRequest),
        (Answer(404, b"\xff\xfe\x00"), InvalidRequest),
        (Answer(400, b"[1]"), InvalidRequest),
        (Answer(400, b"[" * 100_000), InvalidRequest),
        (Answer(502, b"<html>bad gateway</html>"), Transient),
        (Answer(503), Transient),
        (Answer(200, b"<html>log in</html>", {"content-type": "text/html"}), Malformed),
        (Answer(200, b'{"output": {"mess'), Malformed),
        (Answer(200, b"\xff\xfe\x00"), Malformed),
        (Answer(200, b"[" * 100_000), Malformed),
        (Answer(200, b""), Malformed),
        (Answer(200, b"null"), Malformed),
        (as_json({"message": "overloaded"}), Malformed),
        (Answer(200, json.dumps(converse_reply("text")).encode(), cut_to=20), Transient),
        (Answer(200, json.dumps(converse_reply("text")).encode(), reset=True), Transient),
    ],
)
def test_every_bad_answer_has_its_error_and_is_asked_for_once(
    server: FaultServer, wire: str, answer: Answer, kind: type[TeacherError]
) -> None:
    assert type(failure(server, answer, wire)) is kind
    assert len(server.requests) == 1  # botocore does not retry


def test_an_error_says_where_and_what_to_do(server: FaultServer) -> None:
    words = "The provided model identifier is invalid."
    assert str(failure(server, aws_error("ValidationException", 400, words))) == (
        "bedrock (400): ValidationException: The provided model identifier is invalid. Check the model's id, and that "
        "us-east-1 offers it: aws bedrock list-foundation-models --region us-east-1"
    )
    assert "answered what is not JSON: '<html>log in" in str(failure(server, Answer(200, b"<html>log in</html>")))
    assert "<html>not here" in str(failure(server, Answer(404, b"<html>not here</html>")))
    assert "overloaded" in str(failure(server, as_json({"message": "overloaded"})))
    assert failure(server, aws_error("ThrottlingException", 429, "slow", retry_after="2")).retry_after_s == 2.0


def test_no_secret_that_aws_echoes_is_passed_on(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    echoed = f"The canonical string should have been {' '.join(KEYS.values())}"
    assert "been *** *** ***" in str(failure(server, aws_error("SignatureDoesNotMatch", 403, echoed)))
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", BEARER)
    error = failure(server, aws_error("AccessDeniedException", 403, f"{echoed} {BEARER}"))
    assert "been *** *** *** ***" in str(error)


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("before", [0, 30, 590])
def test_no_half_of_a_secret_is_left_where_a_body_is_shortened(server: FaultServer, status: int, before: int) -> None:
    page = f"{'x' * before}{KEYS['AWS_SECRET_ACCESS_KEY']}"
    assert "a-secret" not in str(failure(server, Answer(status, page.encode())))
    assert "a-secret" not in str(failure(server, as_json({"message": page}, status)))


@pytest.fixture
def tls_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """The server behind TLS, with a certificate that AWS_CA_BUNDLE trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [*made.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=60
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with FaultServer(signed) as server:
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        yield server


def over_tls(server: FaultServer) -> str:
    return f"bedrock:amazon.nova-pro-v1:0@https://localhost:{server._server.server_port}"


def test_a_bearer_key_is_used_where_there_is_one(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", BEARER)
    for name in KEYS:
        monkeypatch.delenv(name)
    assert with_teacher(over_tls(tls_server), lambda teacher: ask(teacher, "x")).text == "x"
    assert tls_server.requests[-1].headers["authorization"] == f"Bearer {BEARER}"
    tls_server.responder = lambda seen: aws_error("AccessDeniedException", 403, f"the key {BEARER} has expired")
    with pytest.raises(AuthError, match=r"the key \*\*\* has expired"):
        with_teacher(over_tls(tls_server), lambda teacher: ask(teacher, "x"))


def test_a_bearer_key_is_never_sent_in_the_clear(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", BEARER)
    assert with_teacher(CONVERSE.spec(server), lambda teacher: ask(teacher, "x")).text == "x"
    assert server.requests[-1].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA")
    assert BEARER not in str(server.requests[-1])


def test_an_untrusted_certificate_is_refused(tls_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with pytest.raises(Transient, match="SSL validation failed"):
        with_teacher(over_tls(tls_server), lambda teacher: ask(teacher, "x"))
    assert tls_server.requests == []


def test_a_redirect_is_not_followed(server: FaultServer) -> None:
    with FaultServer() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            moved = {"location": f"{elsewhere.root}/model/m/converse", "x-amz-bucket-region": "eu-west-1"}
            error = failure(server, Answer(status, headers=moved))
            assert type(error) is InvalidRequest
            assert "Give the base URL it leads to" in str(error)
        assert elsewhere.requests == []
    assert len(server.requests) == 5


@pytest.mark.parametrize("location", ["http://[", "AWS4-HMAC-SHA256 Credential=a/b", "//:x", "http://a:99999999/"])
@pytest.mark.parametrize("status", [303, 307])
def test_a_redirect_to_nowhere_leaves_no_connection_open(server: FaultServer, status: int, location: str) -> None:
    assert type(failure(server, Answer(status, headers={"location": location}))) is InvalidRequest
    gc.collect()  # a socket that is found open is a ResourceWarning, and fails the test


def test_nobody_there_is_transient() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        spec = f"bedrock:m@http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Transient, match=r"Is there Bedrock in us-east-1"):
            with_teacher(spec, lambda teacher: ask(teacher, "x"))


def run_with(spec: str | Spec, use: Callable[[Teacher], Awaitable[None]], *, timeout_s: float = 60.0) -> None:
    async def run() -> None:
        teacher = open_teacher(spec, timeout_s=timeout_s)
        try:
            await use(teacher)
        finally:
            await teacher.close()

    asyncio.run(run())


@pytest.mark.parametrize("slow", [{"delay_s": 20.0}, {"trickle_s": 0.05}])
def test_a_late_answer_is_given_up_and_takes_no_place(server: FaultServer, slow: dict[str, float]) -> None:
    good = json.dumps(converse_reply("text")).encode()

    async def use(teacher: Teacher) -> None:
        assert (await ask(teacher, "first")).text == "first"  # the client is made
        server.responder = lambda seen: Answer(200, good, **slow)  # type: ignore[arg-type]  # the names are Answer's
        with pytest.raises(Transient, match=r"no answer within 2 s|Read timeout"):
            await ask(teacher, "x")
        server.responder = echo_any
        assert (await ask(teacher, "next")).text == "next"

    run_with(CONVERSE.spec(server), use, timeout_s=2.0)


def test_an_interrupted_process_waits_for_no_answer(server: FaultServer) -> None:
    server.responder = lambda seen: Answer(200, delay_s=60)
    code = f"""
import asyncio
from teachers.catalog import open_teacher
from tests.teachers.contract import ask
async def main():
    teacher = open_teacher("{CONVERSE.spec(server)}", timeout_s=600)
    doomed = asyncio.ensure_future(ask(teacher, "x"))
    await asyncio.sleep(0)
    print("asked", flush=True)
    await asyncio.to_thread(input)
    doomed.cancel()
    await asyncio.wait([doomed])
    await teacher.close()
asyncio.run(main())
"""
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "asked\n"
        end = time.monotonic() + 20
        while not server.requests and time.monotonic() < end:
            time.sleep(0.01)
        started = time.monotonic()
        print(file=child.stdin, flush=True)
        assert child.wait(20) == 0
    assert server.requests
    assert time.monotonic() - started < 10


def test_the_reply_says_what_aws_said(server: FaultServer) -> None:
    body = converse_reply("text", "max_tokens")
    body["usage"] |= {"cacheReadInputTokens": 20, "cacheWriteInputTokens": 30}
    server.responder = lambda seen: as_json(body, x_amzn_requestid="req-7")
    reply = with_teacher(CONVERSE.spec(server), lambda teacher: ask(teacher, "x"))
    assert (reply.text, reply.outcome, reply.finish_reason, reply.request_id) == (
        "text",
        "truncated",
        "max_tokens",
        "req-7",
    )
    assert (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.cache_write_tokens) == (57, 20, 30)
    assert reply.usage.output_tokens == 3


def send(server: FaultServer, model: str, request: Callable[[Identity], Request], **options: object) -> Seen:
    """What the server sees of a request."""
    spec = replace(Spec("bedrock", model, server.root), options=Options(**options))  # type: ignore[arg-type]

    async def use(teacher: Teacher) -> None:
        await teacher.complete(request(teacher.identity))

    run_with(spec, use)
    return server.requests[-1]


MESSAGES = (Message("system", "s"), Message("user", "u"), Message("assistant", "a"), Message("user", "v"))
POINT = {"cachePoint": {"type": "default"}}


def test_the_whole_request_is_sent(server: FaultServer) -> None:
    how = Sampling(temperature=0.5, top_p=0.9, max_tokens=3, reasoning_effort="low")
    model = "us.anthropic.claude-opus-4-6-v1"
    seen = send(server, model, lambda who: Request(who, MESSAGES, how, SCHEMA))
    assert seen.path == f"/model/{model}/converse"
    assert seen.headers["user-agent"].startswith("stillhouse Boto3/")
    assert seen.body == {
        "system": [{"text": "s"}],
        "messages": [
            {"role": "user", "content": [{"text": "u"}]},
            {"role": "assistant", "content": [{"text": "a"}, POINT]},
            {"role": "user", "content": [{"text": "v"}]},
        ],
        "inferenceConfig": {"temperature": 0.5, "topP": 0.9, "maxTokens": 3},
        "outputConfig": {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"name": "reply", "schema": SCHEMA}},
            },
            "effort": "low",
        },
    }


def test_an_imported_model_is_sent_a_chat_completion(server: FaultServer) -> None:
    how = Sampling(temperature=0.5, max_tokens=3, top_logprobs=2)
    model = "arn:aws:bedrock:eu-central-1:000000000000:imported-model/abcdefghijkl"
    seen = send(server, model, lambda who: Request(who, MESSAGES, how))
    assert seen.path == f"/model/{model.replace(':', '%3A').replace('/', '%2F')}/invoke"
    assert "/eu-central-1/bedrock/aws4_request" in seen.headers["authorization"]  # the ARN's region
    assert seen.body == {
        "messages": [{"role": turn.role, "content": turn.content} for turn in MESSAGES],
        "temperature": 0.5,
        "max_tokens": 3,
        "logprobs": True,
        "top_logprobs": 2,
    }


def test_an_imported_models_logprobs_are_read(server: FaultServer) -> None:
    told = logprobs([entry("A", -0.08, {"A": -0.08, "The": -3.0}), entry(" rainbow", -0.2, {" rainbow": -0.2})])
    server.responder = lambda seen: as_json(chat_body("A rainbow", finish_reason="length", logprobs=told))
    reply = with_teacher(INVOKE.spec(server), lambda teacher: ask(teacher, "x", top_logprobs=2))
    assert (reply.text, reply.outcome, reply.warnings) == ("A rainbow", "truncated", ())
    assert [(token.bytes, token.logprob, len(token.top)) for token in reply.tokens] == [
        (b"A", -0.08, 2),
        (b" rainbow", -0.2, 1),
    ]


@pytest.mark.parametrize(
    ("model", "cache_prefix"), [("meta.llama3-1-8b-instruct-v1:0", True), ("amazon.nova-x", False)]
)
def test_no_cache_point_where_there_is_no_cache(server: FaultServer, model: str, cache_prefix: bool) -> None:
    seen = send(server, model, lambda who: Request(who, MESSAGES), cache_prefix=cache_prefix)
    assert "cachePoint" not in json.dumps(seen.body)
    assert "inferenceConfig" not in seen.body  # nothing is set, nothing is sent


def test_the_recipes_region_wins(server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def region_of(**options: object) -> str:
        seen = send(server, "m", lambda who: Request(who, conversation("x")), **options)
        return seen.headers["authorization"].split("/")[2]

    assert region_of(region="eu-west-3") == "eu-west-3"
    assert region_of() == "us-east-1"
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    assert region_of() == "sa-east-1"
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    (tmp_path / "config").write_text("[default]\nregion = ap-south-1\n")
    assert region_of() == "ap-south-1"


def test_no_region_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(InputError, match=r"needs an AWS region. Give 'region' .* in the recipe, or set AWS_REGION"):
        open_teacher("bedrock:amazon.nova-pro-v1:0")
    monkeypatch.setenv("AWS_REGION", "us east")
    with pytest.raises(InputError, match="us east"):
        open_teacher("bedrock:amazon.nova-pro-v1:0")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_PROFILE", "none-such")
    with pytest.raises(InputError, match="none-such"):
        open_teacher("bedrock:amazon.nova-pro-v1:0")


def test_an_api_that_bedrock_lacks_is_refused() -> None:
    spec = Spec("bedrock", "openai.gpt-oss-20b-1:0", options=Options(api="chat"))
    with pytest.raises(InputError, match=r"converse or invoke, not 'chat'.*openai:MODEL@https://bedrock-runtime"):
        describe(spec)


def test_no_keys_are_one_clear_error(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    with pytest.raises(AuthError, match=r"Unable to locate credentials. Check the AWS credentials"):
        with_teacher(CONVERSE.spec(server), lambda teacher: ask(teacher, "x"))
    assert server.requests == []


def test_construction_asks_no_metadata_service(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*KEYS, "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.root)
    teacher = open_teacher("bedrock:amazon.nova-pro-v1:0")
    assert server.requests == []
    asyncio.run(teacher.close())


def test_with_keys_in_the_environment_it_is_never_asked(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with FaultServer() as metadata:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.root)
        assert with_teacher(CONVERSE.spec(server), lambda teacher: ask(teacher, "x")).text == "x"
        assert metadata.requests == []


def test_the_environment_moves_no_endpoint(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer() as elsewhere:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, elsewhere.root)
        assert with_teacher(CONVERSE.spec(server), lambda teacher: ask(teacher, "x")).text == "x"
        teacher = open_teacher("bedrock:amazon.nova-pro-v1:0")
        assert (
            teacher._client._open().meta.endpoint_url  # type: ignore[attr-defined]
            == "https://bedrock-runtime.us-east-1.amazonaws.com"
        )
        asyncio.run(teacher.close())
        assert elsewhere.requests == []


@pytest.mark.parametrize("url", ["http://169.254.169.254", "http://2852039166/", "http://[fe80::1]:80"])
def test_a_link_local_endpoint_is_refused_unless_it_is_named(url: str) -> None:
    with pytest.raises(InputError, match="allow_addresses"):
        open_teacher(f"bedrock:m@{url}")
    allowed = Options(allow_addresses=("169.254.169.254", "fe80::1"))
    asyncio.run(open_teacher(replace(Spec.parse(f"bedrock:m@{url}"), options=allowed)).close())


def test_a_cancelled_call_that_has_not_begun_is_never_sent(server: FaultServer) -> None:
    release = threading.Event()

    def hold(seen: Seen) -> Answer:
        release.wait(10)
        return echo_any(seen)

    async def use(teacher: Teacher) -> None:
        first = asyncio.ensure_future(ask(teacher, "first"))
        second = asyncio.ensure_future(ask(teacher, "second"))
        await asyncio.sleep(0.2)
        second.cancel()
        await asyncio.wait([second])
        release.set()
        assert (await first).text == "first"

    server.responder = hold
    run_with(CONVERSE.spec(server), use)
    assert [seen.turn for seen in server.requests] == ["first"]


def test_bedrock_has_its_list_price() -> None:
    """us.amazon.nova-pro-v1:0: $0.8 in, $3.2 out, $0.2 from the cache; Claude Sonnet 4.5 in a geography: $3.3 in,
    $16.5 out, $0.33 from the cache and $4.125 into it, each per million tokens."""
    body = converse_reply("text")
    body["usage"] = {"inputTokens": 500, "outputTokens": 100, "cacheReadInputTokens": 200, "cacheWriteInputTokens": 300}
    usage = from_wire(body).usage
    nova = (500 * 0.8 + 200 * 0.2 + 300 * 0.8 + 100 * 3.2) / 1e6
    claude = (500 * 3.3 + 200 * 0.33 + 300 * 4.125 + 100 * 16.5) / 1e6
    assert cost_usd(Identity("bedrock", "us.amazon.nova-pro-v1:0"), usage) == pytest.approx(nova)
    assert cost_usd(Identity("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"), usage) == pytest.approx(claude)


def test_what_a_model_lacks_is_refused_before_any_call() -> None:
    async def use(teacher: Teacher) -> None:
        request = Request(teacher.identity, conversation("x"), plain_sampling(teacher), SCHEMA)
        with pytest.raises(Unsupported, match="takes no JSON schema"):
            await teacher.complete(request)

    run_with("bedrock:us.amazon.nova-pro-v1:0", use)


def answer_of(server: FaultServer) -> Reply:
    return with_teacher(CONVERSE.spec(server), lambda teacher: ask(teacher, "x"))


def test_reasoning_is_not_the_answer(server: FaultServer) -> None:
    body = converse_reply("42")
    thought = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
    body["output"]["message"]["content"].insert(0, thought)
    server.responder = lambda seen: as_json(body)
    assert answer_of(server).text == "42"
