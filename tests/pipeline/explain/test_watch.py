"""`status --watch` beside a real run: while it goes, when it ends, and after it was killed."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.explain.status import Now, render_now
from pipeline.explain.watch import exit_status, follow
from pipeline.run.directory import RunDir
from pipeline.run.manifest import Entry, Status
from pipeline.run.progress import Progress
from tests.pipeline.helpers import command, environment, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, echo

ROWS = 12


def slowly(seen: Seen) -> Answer:
    answer = echo(seen)
    return Answer(answer.status, answer.body, answer.headers, delay_s=0.25)


def begin(folder: Path, server: FaultServer, rows: int = ROWS) -> subprocess.Popen[str]:
    """A run of one request after the other, well on its way."""
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "ham"} for i in range(rows)])
    recipe = write_recipe(folder, teacher=server.spec("any"), generate={"concurrency": 1})
    process = subprocess.Popen(
        command("run", recipe, "--until", "curate", "--dir", folder / "run"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    now = RunDir(folder / "run").now
    while not now.exists():
        assert process.poll() is None
        time.sleep(0.05)
    return process


@contextmanager
def terminal(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command on a terminal of 120 columns, and where what it shows can be read."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*arguments), env=environment(TERM="xterm", COLUMNS="120", LINES="40"), stdin=theirs, stdout=theirs
    ) as process:
        os.close(theirs)
        yield process, ours
    os.close(ours)


def test_it_follows_a_run_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    with FaultServer(slowly) as server, begin(tmp_path, server) as process:
        with subprocess.Popen(
            command("status", run, "--watch", "--json"), env=environment(), stdout=subprocess.PIPE, text=True
        ) as machine:
            assert follow(run, every_s=0.1) == 0
            told = machine.communicate(timeout=60)[0]
        process.wait()
    assert machine.returncode == 0
    _check_objects([json.loads(line) for line in told.splitlines()])
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("generate: ")
    assert "in flight" in first
    assert any(line.startswith("  curate    done") for line in rest)
    assert not RunDir(run).now.exists()


def _check_objects(seen: list[dict[str, Any]]) -> None:
    asking = [status["now"] for status in seen if status["now"] and status["now"]["stage"] == "generate"]
    done = [now["done"] for now in asking]
    assert done
    assert done == sorted(done)
    [(name, account)] = asking[-1]["accounts"].items()
    assert name.startswith("openai 127.0.0.1")
    assert set(account) == {"in_flight", "ceiling", "waiting", "refused"}
    assert (seen[-1]["locked"], seen[-1]["now"]) == (False, None)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_terminal_is_shown_a_live_view_and_a_kill_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    with FaultServer(slowly) as server, begin(tmp_path, server, rows=4000) as process:  # it does not end by itself
        with terminal("status", run, "--watch") as (watcher, screen):
            shown = b""
            while "░".encode() not in shown and (chunk := _read(screen)):
                shown += chunk
            watcher.send_signal(signal.SIGINT)
            while chunk := _read(screen):
                shown += chunk
            assert watcher.wait() == 0
        process.send_signal(signal.SIGKILL)
    assert b"generate  running for" in shown
    assert b"a process is working on it" in shown
    assert follow(run) == 1
    out = capsys.readouterr().out
    assert "was killed; the same command goes on from there" in out
    assert "  now  " not in out


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: the other side has closed
        return b""


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [("done", None, 0), ("failed", "x", 1), ("running", None, 1), ("stopped", "budget", 3), ("stopped", None, 130)],
)
def test_it_ends_as_the_stage_that_was_begun_last(status: Status, error: str | None, code: int) -> None:
    earlier = Entry("", "failed", started_at=1.0, error="x")
    later = Entry("", status, started_at=2.0, error=error)
    assert exit_status({"evaluate": earlier, "train": later}) == code
    assert exit_status({}) == 0


def test_what_is_done_now_is_left_in_a_file_and_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "work" / "progress.json"
    with Progress(file=file) as progress:
        progress.start("train", 0)
        progress.update(3, "loss 0.5", total=10, figures={"loss": 0.5}, left_s=70.0)
        now = json.loads(file.read_text())
        assert (now["stage"], now["done"], now["total"], now["loss"], now["left_s"]) == ("train", 3, 10, 0.5, 70.0)
        line, detail = render_now(Now.of(now))
        assert "train: 3 of 10, 0.1/s, 1:10 left" in line
        assert detail.strip() == "loss 0.5"
        progress.update(4, total=10)  # within the same second
        assert json.loads(file.read_text())["done"] == 3
    assert list(file.parent.iterdir()) == []


def test_a_run_that_cannot_leave_the_file_goes_on(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("in the way")
    with Progress(file=tmp_path / "work" / "progress.json") as progress:
        progress.start("train", 2)
        progress.update(1)
