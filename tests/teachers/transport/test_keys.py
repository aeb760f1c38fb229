"""A server that echoes what it was sent: its errors show no key, and its answers are not taken for a model's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from teachers.base import Reply
from teachers.catalog import open_teacher
from teachers.errors import Malformed, TeacherError
from teachers.transport.keys import refuse_echo
from tests.servers.catalog import ALL_WIRES, answer_well, spec_on
from tests.servers.faults import Answer, FaultServer, Seen, as_json
from tests.servers.wires import Wire
from tests.teachers.contract import ask

MARK = "8kq2vz71"
KEYS = {
    "OPENAI_API_KEY": f"sk-canary-{MARK}",
    "ANTHROPIC_API_KEY": f"sk-ant-canary-{MARK}",
    "AWS_ACCESS_KEY_ID": f"AKIDCANARY-{MARK}",
    "AWS_SECRET_ACCESS_KEY": f"secret-canary-{MARK}",
    "AWS_SESSION_TOKEN": f"token-canary-{MARK}",
    "AWS_REGION": "us-east-1",
}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def echoes(wire: Wire, seen: Seen) -> Iterator[tuple[str, Answer]]:
    """Every place of an answer that a key can stand in."""
    secret = " ".join(value for value in seen.headers.values() if MARK in value)
    assert secret
    good = wire.reply("fine", wire.stop)
    names = ("x-request-id", "request-id", "x-amzn-requestid", "retry-after", "x-amzn-errortype", "location")
    headers = dict.fromkeys(names, secret)
    yield "text", answer_well(wire, secret)
    yield "finish reason", as_json(wire.reply("fine", secret))
    yield "id", as_json({**good, "id": secret})
    yield "headers", Answer(200, json.dumps(good).encode(), headers)
    yield "headers of an error", Answer(500, b"{}", headers)
    yield "headers of a redirect", Answer(307, b"", headers)
    yield "why it refused", as_json({**good, "stop_reason": "refusal", "stop_details": {"explanation": secret}})
    yield (
        "the error's parts",
        as_json({"type": secret, "error": {"type": secret, "code": secret, "param": secret}}, 400),
    )
    yield "the parts", as_json({"choices": [secret], "content": [{"type": secret}], "output": [{"type": secret}]})
    yield "no parts", as_json({"choices": secret, "content": secret, "output": secret, "message": secret})
    yield "the whole body", Answer(200, secret.encode())
    yield "a page", Answer(403, f"<html>{secret}</html>".encode())


@pytest.mark.parametrize("wire", ALL_WIRES.values(), ids=ALL_WIRES)
def test_no_echo_gets_past_an_adapter(faults: FaultServer, wire: Wire) -> None:
    async def run() -> None:
        teacher = open_teacher(spec_on(wire, faults), timeout_s=20)
        try:
            for number in range(12):
                faults.responder = lambda seen, number=number: list(echoes(wire, seen))[number][1]  # type: ignore[misc]
                try:
                    ended = repr(await ask(teacher, "q"))
                except TeacherError as error:
                    ended = f"{error!r} {error.__cause__!r}"
                assert MARK not in ended, list(echoes(wire, faults.requests[-1]))[number][0]
        finally:
            await teacher.close()

    asyncio.run(run())
    assert len(faults.requests) == 12


@pytest.mark.parametrize("key", ["no-key-needed", "anything", "production-key-of-mine", "1234567890123456789"])
def test_a_word_that_may_be_a_models_is_no_key(key: str) -> None:
    reply = Reply(f"It says {key}.")
    assert refuse_echo(reply, [key], "openai") is reply


def test_a_real_key_in_an_answer_is_no_answer() -> None:
    with pytest.raises(Malformed, match="Check the base URL"):
        refuse_echo(Reply(f"Bearer {KEYS['OPENAI_API_KEY']}"), ["", KEYS["OPENAI_API_KEY"]], "openai")
