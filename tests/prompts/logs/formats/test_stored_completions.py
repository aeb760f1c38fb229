"""The script in the docs that fetches stored completions, run against the API's two addresses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from prompts.logs.logged import Counted, Logged, Sampled
from prompts.logs.read import read_logs
from tests.prompts.log_records import (
    completion,
    write_jsonl,
)
from tests.prompts.logs.make import WHY, call_of
from tests.servers.faults import Answer, FaultServer, Seen

DOCS = Path(__file__).parents[4] / "docs/ingest-and-export.md"
STORED = [f"chatcmpl-{number}" for number in range(5)]
PAGE = 2


def stored(seen: Seen) -> Answer:
    """GET /chat/completions and /chat/completions/ID/messages, in pages."""
    url = urlsplit(seen.path)
    asked = re.fullmatch(r"/v1/chat/completions(?:/(.+)/messages)?", url.path)
    assert asked, seen.path
    if asked[1]:
        turns = [("system", "Be brief."), ("user", f"question {asked[1]}")]
        items = [
            {"id": f"{asked[1]}-{at}", "role": role, "content": text, "name": None, "content_parts": None}
            for at, (role, text) in enumerate(turns)
        ]
    else:
        items = [completion("", f"answer {name}", id=name) for name in STORED]
        for item in items:
            del item["messages"]
    return page(items, parse_qs(url.query).get("after"))


def page(items: Sequence[Mapping[str, object]], after: list[str] | None) -> Answer:
    start = [item["id"] for item in items].index(after[0]) + 1 if after else 0
    shown = items[start : start + PAGE]
    body = {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"],
        "last_id": shown[-1]["id"],
        "has_more": start + PAGE < len(items),
    }
    return Answer(body=json.dumps(body).encode(), headers={"content-type": "application/json"})


def test_the_docs_script_writes_what_is_read(tmp_path: Path) -> None:
    script = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert script
    with FaultServer() as server:
        server.responder = stored
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.url}
        subprocess.run([sys.executable, "-c", script[1]], cwd=tmp_path, env=environment, check=True, timeout=60)
    calls = list(read_logs(tmp_path / "stored.jsonl"))
    assert [(call.messages[-1].content, call.reply, call.request_id) for call in calls] == [
        (f"question {name}", f"answer {name}", name) for name in STORED
    ]
    assert all(call.messages[0].content == "Be brief." for call in calls)


def test_a_stored_completion_is_read_whole(tmp_path: Path) -> None:
    assert call_of(tmp_path, completion("Why?", "So.")) == Logged(
        messages=WHY,
        reply="So.",
        finish_reason="stop",
        provider="openai",
        model="gpt-4.1-2025-04-14",
        usage=Counted(input_tokens=13, output_tokens=18),
        sampling=Sampled(0.5, 1.0, None, 11),
        created_at=datetime(2025, 11, 20, 7, 2, 3, tzinfo=UTC),
        request_id="chatcmpl-1",
        where=f"{tmp_path / 'log.jsonl'}:1",
    )


def test_every_choice_is_a_call_and_a_stored_reply_is_no_prompt(tmp_path: Path) -> None:
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in ("So.", "Because.")]
    said = {"role": "assistant", "content": "So."}
    record = completion("", "", choices=choices, messages=[{"role": "user", "content": "Why?"}, said])
    calls = list(read_logs(write_jsonl(tmp_path / "log.jsonl", [record])))
    assert [(call.messages, call.reply) for call in calls] == [(WHY, "So."), (WHY, "Because.")]
