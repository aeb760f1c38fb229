"""Swapping the teacher is `--teacher SPEC`, nothing else: the quickstart's own recipe on every provider's wire."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from pipeline.run.records import read_rows
from tests.pipeline.helpers import stillhouse
from tests.servers.catalog import ALL_WIRES, answer_well, wire_spoken
from tests.servers.faults import Answer, FaultServer, Seen, as_json, entry
from tests.servers.wires import Wire, credentials_missing

ROWS = 40
PROVIDERS = ("chat", "anthropic", "converse", "invoke")


def judge(seen: Seen) -> Answer:
    """spam where the mail's last turn speaks of money, with logprobs where they are asked for."""
    wire = wire_spoken(seen)
    label = label_of(seen.turn)
    if credentials_missing(seen):
        return as_json(wire.error(401, "no credentials"), 401)
    if "logprobs" not in seen.body:
        return answer_well(wire, label)
    sure = -0.05 - crc32(seen.turn.encode()) % 50 / 100
    top = {label: sure, "ham" if label == "spam" else "spam": math.log1p(-math.exp(sure))}
    body = wire.reply(label, wire.stop)
    body["choices"][0]["logprobs"] = {"content": [entry(label, sure, top)]}
    return as_json(body)


def label_of(turn: str) -> str:
    return "spam" if any(word in turn.lower() for word in ("money", "free", "click", "offer", "$")) else "ham"


def swap(folder: Path, wire: Wire, server: FaultServer, *options: str) -> dict[str, Any]:
    """`stillhouse run quickstart --teacher SPEC`, to the end of curation."""
    done = stillhouse(
        *("run", "quickstart", "--teacher", wire.spec(server), "--set", f"prompts.limit={ROWS}"),
        *("--until", "curate", "--json", *options),
        cwd=folder,
        **wire.keys,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "stderr": done.stderr}


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_quickstart_runs_unchanged_with_each_provider(tmp_path: Path, name: str) -> None:
    wire = ALL_WIRES[name]
    with FaultServer(judge) as server:
        swapped = swap(tmp_path, wire, server)
        spec = wire.spec(server)
    counts = swapped["manifest"]["stages"]["curate"]["counts"]
    assert counts["samples"] == len(server.requests) == ROWS
    assert counts["failed"] == {}
    assert counts["kept"] > ROWS / 2
    rows = list(read_rows(tmp_path / "runs/quickstart/replies.parquet"))
    assert {row["outcome"] for row in rows} == {"ok"}
    for row in rows:
        assert row["reply"] == label_of(row["messages"][-1]["content"])
        assert f"{row['teacher']['provider']}:{row['teacher']['model']}@{row['teacher']['base_url']}" == spec
        assert row["usage"]["input_tokens"] == 7
        assert row["usage"]["output_tokens"] == 3
        assert bool(row["tokens"]) == (name in ("chat", "invoke"))
    assert {row["reply"] for row in rows} == {"spam", "ham"}
    kept = list(read_rows(tmp_path / "runs/quickstart/kept.parquet"))
    assert {row["completion"][0]["content"] for row in kept} == {"spam", "ham"}


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_is_left_out_is_said_and_not_sent(tmp_path: Path, name: str) -> None:
    wire = ALL_WIRES[name]
    with FaultServer(judge) as server:
        said = swap(tmp_path, wire, server, "--set", "prompts.limit=4")["stderr"]
    sent = [json.dumps(seen.body) for seen in server.requests]
    for field, word in (("top_logprobs", "logprobs"), ("temperature", "temperature")):
        assert (f"cannot honour {field}" in said or f", {field}" in said) == (not any(word in body for body in sent))


def test_what_is_not_optional_is_refused_before_any_request(tmp_path: Path) -> None:
    wire = ALL_WIRES["converse"]
    with FaultServer(judge) as server:
        done = stillhouse(
            *("run", "quickstart", "--teacher", wire.spec(server), "--until", "curate"),
            *("--set", "generate.optional=[]", "--set", f"prompts.limit={ROWS}"),
            cwd=tmp_path,
            **wire.keys,
        )
    assert done.returncode == 2
    assert "top_logprobs" in done.stderr
    assert server.requests == []


def test_a_swap_pays_no_reply_twice_and_mixes_no_teachers(tmp_path: Path) -> None:
    """Back and forth in one run directory: each teacher's replies are its own, and there when it returns."""
    chat, anthropic = ALL_WIRES["chat"], ALL_WIRES["anthropic"]
    with FaultServer(judge) as server:
        for wire in (chat, anthropic, chat):
            swap(tmp_path, wire, server)
            rows = read_rows(tmp_path / "runs/quickstart/replies.parquet")
            assert {row["teacher"]["provider"] for row in rows} == {wire.spec(server).partition(":")[0]}
    assert len(server.requests) == 2 * ROWS
