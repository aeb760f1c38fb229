"""Distilling what was already paid for: one log folder gives the prompts and the replies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.run.records import read_rows
from tests.pipeline.helpers import stillhouse, write_recipe
from tests.prompts.log_records import (
    HOUR,
    anthropic_events,
    anthropic_input,
    completion,
    converse,
    invocation,
    write_jsonl,
)

CALLS = 40


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three hours of calls in two shapes, gzip; one cut off, one failed, one of them asked twice."""
    calls = [converse(f"mail {n}", f"spam, nonce {n}", system="Answer spam or ham.") for n in range(CALLS)]
    for n in range(0, CALLS, 2):
        sent, said = anthropic_input(f"mail {n}"), anthropic_events("ham, ", f"nonce {n}")
        calls[n] = invocation("InvokeModelWithResponseStream", sent, said, "anthropic.claude-sonnet-4-5-v1:0")
    calls[5]["output"]["outputBodyJson"]["stopReason"] = "max_tokens"
    failed = invocation("Converse", {}, None, errorCode="ThrottlingException")
    folder = tmp_path / "logs" / HOUR
    write_jsonl(folder.with_name("05") / "a.json.gz", calls[:20], packed=True)
    write_jsonl(folder.with_name("06") / "a.json.gz", [*calls[20:], failed], packed=True)
    write_jsonl(folder / "a.json.gz", [converse("mail 1", "another", system="Answer spam or ham.")], packed=True)
    return tmp_path / "logs"


def recipe(folder: Path, source: str, **prompts: Any) -> Path:
    teacher = f"replay:{folder / source}"
    return write_recipe(folder, prompts={"source": source, **prompts}, teacher=teacher, purpose="task")


def test_a_log_becomes_a_corpus_with_each_reply_on_its_own_prompt(log: Path) -> None:
    folder = log.parent
    done = stillhouse("run", recipe(folder, "logs", gold="reply"), "--until", "curate", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    stages = json.loads(done.stdout)["manifest"]["stages"]
    assert stages["generate"]["counts"]["prompts"] == CALLS
    assert stages["generate"]["counts"]["outcomes"] == {"ok": CALLS - 1, "truncated": 1}
    assert stages["curate"]["counts"]["dropped"] == {"outcome": {"truncated": 1}}
    rows = list(read_rows(folder / "runs/small/kept.parquet"))
    assert len(rows) == CALLS - 1
    for row in rows:
        system, user = row["prompt"]
        n = int(user["content"].removeprefix("mail "))
        label = "spam" if n % 2 else "ham"
        assert row["completion"] == [{"role": "assistant", "content": f"{label}, nonce {n}"}]
        assert system["content"] == ("Answer spam or ham." if n % 2 else "Be brief.")
        assert row["gold"] == row["reply"]
        assert row["cost_usd"] is None
        assert row["usage"]["output_tokens"] == 38
        assert row["teacher"]["provider"] == "replay"
        assert "anthropic.claude-sonnet-4-5" in row["teacher"]["terms"]


def test_a_second_run_finds_everything_done(log: Path) -> None:
    folder = log.parent
    written = recipe(folder, "logs")
    assert stillhouse("run", written, "--until", "curate", cwd=folder).returncode == 0
    again = stillhouse("run", written, "--until", "curate", cwd=folder)
    assert again.returncode == 0
    assert "generate: up to date" in again.stderr


def test_stored_completions_too_and_what_was_skipped_is_said(tmp_path: Path) -> None:
    records = [completion(f"mail {n}", f"nonce {n}") for n in range(12)]
    write_jsonl(tmp_path / "stored.jsonl", [*records, completion("bare", "x", messages=None)])
    done = stillhouse("run", recipe(tmp_path, "stored.jsonl"), "--until", "curate", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 records could not be used: 1 no_messages (first: " in done.stderr
    replies = {row["prompt"][0]["content"]: row["reply"] for row in read_rows(tmp_path / "runs/small/kept.parquet")}
    assert replies == {f"mail {n}": f"nonce {n}" for n in range(12)}


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ({"source": "rows.jsonl"}, "recipe.yaml:2: field 'prompts.template': is missing, and rows.jsonl is no"),
        ({"source": "logs", "gold": "label"}, "recipe.yaml:4: field 'prompts.gold': 'label': a log has no columns"),
        ({"source": "logs", "group": "team"}, "recipe.yaml:4: field 'prompts.group': 'team': a log has no columns"),
    ],
)
def test_what_a_log_has_not_is_named(log: Path, prompts: dict[str, str], message: str) -> None:
    written = write_recipe(log.parent, prompts=prompts, teacher=f"replay:{log}")
    failed = stillhouse("plan", written, cwd=log.parent)
    assert failed.returncode == 2
    assert message in failed.stderr
