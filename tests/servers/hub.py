"""The part of the Hugging Face Hub's API that publishing a dataset uses, on loopback, with what was sent kept."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hub:
    """What stands in the repository, by path, and how the next calls are answered."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    created: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    refuse: dict[str, int] = field(default_factory=dict)
    """The status for the calls whose path has this in it."""
    blobs: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """A hub that has nothing yet."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            hub.tokens.add(self.headers.get("authorization") or "")
            status = next((status for part, status in hub.refuse.items() if part in self.path), 200)
            value = _reply(hub, self.path, body) if status == 200 else {"error": "as the test wants it"}
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _reply(hub: Hub, path: str, body: bytes) -> dict[str, Any]:
    if path.endswith("/api/repos/create"):
        hub.created.append(json.loads(body))
        wanted = hub.created[-1]
        return {"url": f"{hub.url}/datasets/{wanted['organization'] or 'me'}/{wanted['name']}"}
    if "/preupload/" in path:
        asked = [item["path"] for item in json.loads(body)["files"]]
        mode = {True: "lfs", False: "regular"}
        return {
            "files": [{"path": p, "uploadMode": mode[p.endswith(".parquet")], "shouldIgnore": False} for p in asked]
        }
    if path.endswith("/info/lfs/objects/batch"):
        return {"transfer": "basic", "objects": [_object(hub, item) for item in json.loads(body)["objects"]]}
    if path.startswith("/blob/"):
        assert sha256(body).hexdigest() == path.removeprefix("/blob/")
        hub.blobs[path.removeprefix("/blob/")] = body
        return {}
    if "/commit/" in path:
        for line in body.splitlines():
            _commit(hub, json.loads(line))
        return {"commitUrl": f"{hub.url}/datasets/me/mails/commit/abc", "commitOid": "abc"}
    return {"id": "me/mails", "sha": "0" * 40, "siblings": []}


def _object(hub: Hub, item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "actions": {"upload": {"href": f"{hub.url}/blob/{item['oid']}"}}}


def _commit(hub: Hub, line: dict[str, Any]) -> None:
    value = line["value"]
    if line["key"] == "file":
        hub.files[value["path"]] = base64.b64decode(value["content"])
    if line["key"] == "lfsFile":
        hub.files[value["path"]] = hub.blobs[value["oid"]]
