"""The Bedrock adapter against a server that speaks Converse and InvokeModel, and fails on command."""

from __future__ import annotations

import asyncio
import json
import os
import socket
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
from teachers.bedrock_wire import from_wire
from teachers.catalog import describe, open_teacher
from teachers.errors import AuthError, InvalidRequest, Malformed, RateLimited, TeacherError, Transient, Unsupported
from teachers.meter import cost_usd
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
