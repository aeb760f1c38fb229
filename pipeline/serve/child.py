"""A server as a child process: started, waited for, watched, stopped. Its output is a log in the run directory."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from pipeline.process.die_with_parent import die_with_parent
from pipeline.process.log_tail import log_tail
from pipeline.run.errors import RunError
from pipeline.serve.engines import Engine
from prompts.errors import InputError

READY_S = 900.0
"""The longest a server may take to load the model: vLLM compiles for minutes the first time."""
POLL_S = 0.2
STOP_S = 15.0
"""Seconds between asking a server to stop and ending it."""

_LOCAL = build_opener(ProxyHandler({}))
"""A proxy of the environment must not be asked for an address of this machine."""


@dataclass(slots=True, frozen=True)
class Child:
    """A running server."""

    engine: Engine
    host: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def base_url(self) -> str:
        """The address that an OpenAI client is given."""
        return base_url(self.host, self.port)

    def wait(self) -> None:
        """Returns never, unless by KeyboardInterrupt; RunError, with its last lines, when the server ends by itself."""
        code = self.process.wait()
        raise RunError(f"{self.engine.name} ended with exit status {code}. {log_tail(self.log)}")

    def is_ready(self) -> bool:
        """Tells whether it answers its health check. RunError where it has ended."""
        if self.process.poll() is not None:
            self.wait()
        try:
            with _LOCAL.open(f"{self.base_url.removesuffix('/v1')}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):  # not yet listening, or 503 while it loads
            return False


@contextmanager
def serve_child(engine: Engine, host: str, port: int, log: Path, *, ready_s: float = READY_S) -> Iterator[Child]:
    """Yields the engine's server once it is ready, and stops it however that comes. Called from the main thread.

    RunError where it ends or takes longer than `ready_s`; the end of its log is in the message.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [*engine.command, "--host", host, "--port", str(port)]
    with log.open("ab") as output:  # what earlier servers said stays
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        # A session of its own: Ctrl-C in the terminal reaches us alone, and the child ends when it is told to.
        process = subprocess.Popen(
            die_with_parent(command),
            cwd=engine.cwd,
            env={**os.environ, **engine.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child = Child(engine, host, port, process, log)
    try:
        _wait_ready(child, ready_s)
        yield child
    finally:
        _stop(process)


def free_port(host: str, port: int) -> int:
    """Returns the port, or a free one for 0. InputError where it is taken or the host is not this machine's."""
    family = socket.AF_INET
    if ":" in host:
        family = socket.AF_INET6
    with socket.socket(family) as trial:
        # A port that a server left a moment ago is free, though the kernel still waits for late packets.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            problem = f"cannot listen on {host}:{port}: {error.strerror or error}"
            raise InputError(problem, field="--port", remedy="Give another, or 0 for any that is free") from error
        return int(trial.getsockname()[1])


def base_url(host: str, port: int) -> str:
    """Returns the address to ask: of a server that listens everywhere, this machine's."""
    match host:
        case "0.0.0.0":  # noqa: S104
            host = "127.0.0.1"
        case "::":
            host = "[::1]"
        case _ if ":" in host:
            host = f"[{host}]"
    return f"http://{host}:{port}/v1"


def _wait_ready(child: Child, ready_s: float) -> None:
    until = time.monotonic() + ready_s  # a clock that nobody sets
    while not child.is_ready():
        if time.monotonic() > until:
            late = f"{child.engine.name} was not ready after {ready_s:.0f} s"
            raise RunError(f"{late}. {log_tail(child.log)}")
        time.sleep(POLL_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)  # open requests end first
    finally:  # also by a second Ctrl-C
        process.kill()
        process.wait()
