"""The script in the docs that fetches stored completions, run against the API's two addresses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from prompts.logs.read import read_logs
from tests.prompts.log_records import completion
from tests.servers.faults import Answer, FaultServer, Seen

DOCS = Path(__file__).parents[3] / "docs/ingest-and-export.md"
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
