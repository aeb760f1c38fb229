"""A key that every server echoes is in no file, no line and no page of a whole run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from pipeline.explain.why import render_story, tell_story
from pipeline.journal.codec import unpack
from pipeline.run.records import read_rows
from teachers.catalog import providers
from tests.pipeline.helpers import stillhouse, tell, write_recipe, write_rows
from tests.servers.catalog import HTML, answer_well, refuse
from tests.servers.chaos import nonce_in
from tests.servers.faults import Answer, FaultServer, Seen, as_json
from tests.servers.wires import WIRES, Wire, wire_of

NAMES = sorted(
    {name for provider in providers() for name in provider.keys}
    | {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "OPENAI_ADMIN_KEY", "ANTHROPIC_AUTH_TOKEN"}
)
CANARIES = {name: f"canary-{name.lower().replace('_', '-')}-8kq2vz71" for name in NAMES}
MARK = "8kq2vz71"
"""What all canaries hold, and nothing else does."""

PROFILE = f"""
[profile {CANARIES["AWS_PROFILE"]}]
aws_access_key_id = canary-profile-id-{MARK}
aws_secret_access_key = canary-profile-secret-{MARK}
aws_session_token = canary-profile-token-{MARK}
region = us-east-1
"""
ROWS = 32
"""Twice as many as there are ways to echo a key."""


def told(seen: Seen) -> str:
    """Every secret that the request carried."""
    return " ".join(value for value in seen.headers.values() if MARK in value)


def echo_key(seen: Seen) -> Answer:
    """By the prompt's nonce: each way to echo a key, and now and then a good answer."""
    wire, nonce, secret = wire_of(seen), nonce_in(seen.turn), told(seen)
    assert secret
    good = "spam" if int(nonce.removeprefix("nonce-")) % 2 else "ham"
    ways: list[Answer] = [
        answer_well(wire, good),
        refuse(wire, 400, f"bad request: {json.dumps(dict(seen.headers))}"),
        Answer(500, HTML.replace(b"</body>", f"<pre>{secret}</pre></body>".encode()), {"content-type": "text/html"}),
        answer_well(wire, good),
        as_json(wire.error(503, f"no such key: {secret}")),
        as_json(wire.error(400, secret), 429, retry_after="0"),
        answer_well(wire, good),
        Answer(200, secret.encode(), {"content-type": "text/plain"}),
        Answer(307, headers={"location": f"/{secret}"}),
        as_json({"message": secret, "error": secret, "detail": [secret], "__type": secret}, 418),
        answer_well(wire, good),
        Answer(404, secret.encode()),
        answer_well(wire, f"you sent {secret}"),
        as_json(wire.reply(good, secret)),
        Answer(
            200,
            answer_well(wire, good).body,
            {"x-request-id": secret, "request-id": secret, "x-amzn-requestid": secret},
        ),
        answer_well(wire, good),
    ]
    return ways[int(nonce.removeprefix("nonce-")) % len(ways)]


@dataclass(frozen=True)
class Told:
    """A run, everything its commands said, and every story of its samples."""

    folder: Path
    said: list[CompletedProcess[str]]

    @property
    def root(self) -> Path:
        return self.folder / "runs/small"


def secrets_of(folder: Path, *, by_profile: bool = False) -> dict[str, str]:
    """The environment: a canary in every variable that can hold a key, or in AWS's files alone."""
    config = folder.parent / f"{folder.name}-aws-config"
    config.write_text(PROFILE)
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(config), "AWS_REGION": "us-east-1"}
    return {**files, "AWS_PROFILE": CANARIES["AWS_PROFILE"]} if by_profile else {**files, **CANARIES}


def write_run(folder: Path, wire: Wire, server: FaultServer, rows: int = ROWS, **sections: Any) -> None:
    write_rows(
        folder / "rows.jsonl", [{"text": f"nonce-{i:03d}", "label": "spam" if i % 2 else "ham"} for i in range(rows)]
    )
    generate = {"attempts": 2, "timeout_s": 20, "concurrency": 4, "max_tokens": 16}
    write_recipe(folder, teacher=wire.spec(server), purpose="task", generate=generate, **sections)


def everything(run: Told) -> Iterator[tuple[str, bytes]]:
    """Every byte that the run left or said, also what its files hold compressed."""
    for number, done in enumerate(run.said):
        yield f"command {number}: {done.args[3:]}", (done.stdout + done.stderr).encode()
    if (run.root / "replies.parquet").exists():
        for row in read_rows(run.root / "replies.parquet"):
            story = tell_story(run.root, row["sample_id"])
            yield f"why {row['sample_id']}", f"{render_story(story)} {story}".encode()
    for path in run.folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
        if path.suffix == ".parquet":
            yield f"rows of {path}", repr(list(read_rows(path))).encode()
    yield from cells(run.root / "journal.sqlite")


def cells(journal: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):  # a name from the schema
                for value in row:
                    yield f"{table} in {journal}", unpacked(value) if isinstance(value, bytes) else str(value).encode()


def unpacked(blob: bytes) -> bytes:
    """What the journal packed; a blob that it did not pack, as it is."""
    try:
        return unpack(blob)
    except (OSError, ValueError):
        return blob


def leaks(run: Told) -> list[str]:
    return [f"{where}: ...{around(data)}..." for where, data in everything(run) if MARK.encode() in data]


def around(data: bytes) -> str:
    at = data.index(MARK.encode())
    return data[max(0, at - 120) : at + 20].decode("utf-8", "replace")


def tell_all(folder: Path, env: dict[str, str]) -> list[CompletedProcess[str]]:
    """What the command line says of a run; `everything` reads the other stories."""
    run = folder / "runs/small"
    commands: list[list[str | Path]] = [["status", run], ["status", run, "--json"]]
    if (run / "replies.parquet").exists():
        failed = next(row["sample_id"] for row in read_rows(run / "replies.parquet") if row["outcome"] != "ok")
        commands += [["why", run, failed], ["why", run, failed, "--json"]]
    return [tell(*command, cwd=folder, **env) for command in commands]


CASES = [pytest.param(name, False, id=name) for name in ("chat", "anthropic", "converse")]


@pytest.mark.parametrize(("name", "by_profile"), [*CASES, pytest.param("converse", True, id="converse-profile")])
def test_a_key_that_is_echoed_in_every_way_is_nowhere(tmp_path: Path, name: str, by_profile: bool) -> None:
    wire, folder = WIRES[name], tmp_path / "work"
    folder.mkdir()
    env = secrets_of(folder, by_profile=by_profile)
    with FaultServer(echo_key) as server:
        write_run(folder, wire, server)
        runs = [
            stillhouse("run", "recipe.yaml", "--until", "curate", *flag, cwd=folder, **env)
            for flag in ((), ("--json",))
        ]
        assert [done.returncode for done in runs] == [0, 0], runs[0].stderr
        probed = stillhouse("teachers", wire.spec(server), "--probe", cwd=folder, **env)
        run = Told(folder, [*runs, probed, *tell_all(folder, env)])
        assert all(told(seen) for seen in server.requests)
    assert leaks(run) == []
    outcomes = {row["outcome"] for row in read_rows(run.root / "replies.parquet")}
    assert outcomes >= {"ok", "invalid", "transient"}


REFUSED_BY_PROFILE = pytest.param(
    "converse", True, id="converse-profile", marks=[pytest.mark.slow, pytest.mark.timeout(600)]
)


@pytest.mark.parametrize(("name", "by_profile"), [*CASES, REFUSED_BY_PROFILE])
def test_a_refused_key_is_nowhere(tmp_path: Path, name: str, by_profile: bool) -> None:
    wire, folder = WIRES[name], tmp_path / "work"
    folder.mkdir()
    env = secrets_of(folder, by_profile=by_profile)
    with FaultServer(lambda seen: refuse(wire, 401, f"wrong key: {told(seen)}")) as server:
        write_run(folder, wire, server)
        runs = [
            stillhouse("run", "recipe.yaml", *flag, cwd=folder, **env) for flag in (("--until", "curate"), ("--json",))
        ]
        assert [done.returncode for done in runs] == [1, 1]
        assert "***" in runs[0].stderr
        run = Told(folder, [*runs, *tell_all(folder, env)])
    assert leaks(run) == []


def test_the_whole_run_and_its_page_hold_no_key(tmp_path: Path, tiny: Path) -> None:
    wire, folder = WIRES["chat"], tmp_path / "work"
    folder.mkdir()
    env = secrets_of(folder)
    with FaultServer(echo_key) as server:
        write_run(
            folder,
            wire,
            server,
            rows=60,
            student={"base": str(tiny), "epochs": 1, "batch_size": 8},
            evaluate={
                "scorer": "label",
                "labels": ["spam", "ham"],
                "max_tokens": 4,
                "resamples": 100,
                "economics": {"load_requests": 0},
            },
        )
        done = stillhouse("run", "recipe.yaml", cwd=folder, OMP_NUM_THREADS="1", **env)
    assert done.returncode == 0, done.stderr
    run = Told(folder, [done])
    assert (run.root / "report.html").exists()
    assert leaks(run) == []


def test_the_search_finds_a_key_where_there_is_one(tmp_path: Path) -> None:
    """A search that found nothing anywhere would pass every test above."""
    wire, folder = WIRES["chat"], tmp_path / "work"
    folder.mkdir()
    with FaultServer(lambda seen: answer_well(wire, f"my key is {MARK}")) as server:
        write_run(folder, wire, server)
        done = stillhouse("run", "recipe.yaml", "--until", "curate", cwd=folder, **secrets_of(folder))
    found = leaks(Told(folder, [done]))
    assert any("replies in" in where for where in found)
    assert any("rows of" in where for where in found)
