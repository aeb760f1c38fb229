"""llm-katan's echo server as a process of its own: four providers' wires as somebody else understands them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from urllib.error import URLError
from urllib.request import urlopen

KEYS = {
    "OPENAI_API_KEY": "llm-katan-openai-key",
    "ANTHROPIC_API_KEY": "llm-katan-anthropic-key",
    "AZURE_OPENAI_API_KEY": "llm-katan-azure-key",
    "AWS_ACCESS_KEY_ID": "llm-katan-bedrock-key",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_REGION": "us-east-1",
}
"""What it takes for keys, as its own configuration names them; it reads Amazon's out of the signature."""

START_S = 60.0


@dataclass(frozen=True)
class Katan:
    """A running server."""

    root: str
    log: Path


@contextmanager
def serve(folder: Path, *options: str) -> Iterator[Katan]:
    """A server on a free port of loopback; it writes nothing outside `folder`."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    katan = Katan(f"http://127.0.0.1:{port}", folder / "katan.log")
    command = [sys.executable, "-m", "llm_katan.cli", "--model", "echo", "--backend", "echo", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--providers", "openai,anthropic,azure_openai,bedrock", "--validate-keys"]
    command += ["--max-concurrent", "8", "--disable-dashboard", "--stats-file", str(folder / "stats.json"), *options]
    with katan.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            _await(katan, process)
            yield katan
        finally:
            process.terminate()
            process.wait(10)


def _await(katan: Katan, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            with urlopen(f"{katan.root}/health", timeout=1) as answer:
                answer.read()
            return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"llm-katan did not start:\n{katan.log.read_text()}")
