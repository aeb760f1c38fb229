"""The review's server over real HTTP: who is let in, what is stored, and what a kill leaves."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest

from pipeline.cli import cli
from pipeline.decisions.store import read_decisions
from pipeline.review.guard import HEADERS
from pipeline.run.directory import RunDir
from prompts.errors import InputError
from tests.pipeline.review.make import reviewing, two_teachers


class Client:
    """One browser's way to the server, with or without its cookie."""

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)
        answer = self.ask("GET", f"/?{self.parts.query}")
        self.cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
        self.origin = f"http://{self.parts.netloc}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        connection = HTTPConnection(self.parts.hostname or "", self.parts.port, timeout=60)
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]  # kept beside it
        connection.close()
        return answer

    def get(self, path: str) -> Any:
        return json.loads(self.ask("GET", path, Cookie=self.cookie).text)  # type: ignore[attr-defined]

    def decide(self, **body: Any) -> HTTPResponse:
        return self.ask("POST", "/api/decisions", body, Cookie=self.cookie, Origin=self.origin)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return two_teachers(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="module")
def client(run: RunDir) -> Iterator[Client]:
    with reviewing(run) as (_, url):
        yield Client(url)


def test_the_token_is_exchanged_for_a_strict_cookie_and_leaves_the_address(client: Client) -> None:
    answer = client.ask("GET", f"/?{client.parts.query}")
    assert (answer.status, answer.getheader("Location")) == (303, "/")
    cookie = answer.getheader("Set-Cookie") or ""
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = client.ask("GET", "/", Cookie=client.cookie)
    assert page.status == 200
    assert all(page.getheader(name) == value for name, value in HEADERS.items())


def test_who_is_not_let_in(client: Client, run: RunDir) -> None:
    cookie, origin, port = client.cookie, client.origin, client.parts.port
    sample = client.get("/api/items/0")["sample_id"]
    body = {"kind": "reject", "sample_id": sample}
    refused = [
        client.ask("GET", "/?token=wrong"),
        client.ask("GET", "/?token=%C3%A9%00"),
        client.ask("GET", "/"),
        client.ask("GET", "/api/pile", Cookie=cookie[:-1]),
        client.ask("GET", f"/?{client.parts.query}", Host=f"rebound.example:{port}"),
        client.ask("GET", "/api/pile", Cookie=cookie, Host="rebound.example"),
        client.ask("POST", "/api/decisions", body, Cookie=cookie),
        client.ask("POST", "/api/decisions", body, Cookie=cookie, Origin="http://rebound.example"),
        client.ask("POST", "/api/decisions", body, Cookie=cookie, Origin="null"),
        client.ask("POST", "/api/decisions", body, Origin=origin),
    ]
    assert [answer.status for answer in refused] == [403] * len(refused)
    assert all(answer.getheader("Content-Security-Policy") for answer in refused)
    assert read_decisions(run.reviews) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"kind": "destroy"}, "no such decision"),
        ({"kind": "accept", "sample_id": "elsewhere"}, "no such sample"),
        ({"kind": "edit", "text": " "}, "reject it instead"),
        ({"kind": "edit", "text": 5}, "are texts"),
        ({"kind": "edit", "text": "half a \ud83d"}, "in whole characters"),
        ({"kind": "accept", "note": "half a \ud83d"}, "in whole characters"),
        ({"kind": "prefer", "better": "elsewhere"}, "neither of the two"),
    ],
)
def test_a_decision_that_cannot_stand_is_refused(body: dict[str, Any], message: str, client: Client) -> None:
    answer = client.decide(**{"sample_id": client.get("/api/items/0")["sample_id"], **body})
    assert answer.status == 400
    assert message in answer.text  # type: ignore[attr-defined]


def test_nothing_that_was_acknowledged_is_lost_by_a_kill(run: RunDir) -> None:
    before = len(read_decisions(run.reviews))
    with reviewing(run, "--by", "random", reviewer="kim") as (process, url):
        client = Client(url)
        sample = client.get("/api/items/0")["sample_id"]
        for number in range(5):
            assert client.decide(kind="edit", sample_id=sample, text=f"{number}").status == 200
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [one.text for one in read_decisions(run.reviews)[before:]] == list("01234")
    with reviewing(run, "--by", "random", reviewer="kim") as (process, url):
        client = Client(url)
        assert client.get("/api/items/0")["said"] == {"kind": "edit", "text": "4", "note": ""}
        assert client.get("/api/pile")["decided"].count(True) == 1
        process.send_signal(signal.SIGINT)  # its user is done: no failure
        out, _ = process.communicate()
    assert process.returncode == 0
    assert "kim has decided 1 of" in out


def test_what_the_command_line_refuses(run: RunDir, tmp_path: Path) -> None:
    for arguments, error, message in (
        ([run.root, "--export", "argilla"], click.UsageError, "--export and --out need each other"),
        ([run.root, "--from", "argilla"], click.UsageError, "--import and --from need each other"),
        ([run.root, "--reviewer", " "], InputError, "Give one: --reviewer ann"),
        ([tmp_path], InputError, "is not a run directory"),
    ):
        with pytest.raises(error, match=message):
            cli.main(["review", *map(str, arguments), "--no-browser"], standalone_mode=False)
