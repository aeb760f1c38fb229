"""A command that ends with its parent, whatever ends that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.process.die_with_parent import die_with_parent
from tests.pipeline.helpers import ROOT, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own, of Linux alone")

PARENT = """
import subprocess, sys
from pipeline.process.die_with_parent import die_with_parent
child = subprocess.Popen(die_with_parent(["sleep", "300"]), start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def soon(holds: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_the_process_becomes_the_command_and_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], env=environment(), stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert soon(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
        parent.kill()
        parent.wait()
        assert soon(lambda: not is_running(child))


def test_a_parent_that_is_gone_already_starts_nothing(tmp_path: Path) -> None:
    [python, *words] = die_with_parent(["touch", str(tmp_path / "made")])
    words[words.index(str(os.getpid()))] = "0"  # nobody's
    subprocess.run([python, *words], cwd=ROOT, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_exit_status_and_output_are_the_commands() -> None:
    done = subprocess.run(
        die_with_parent(["sh", "-c", "echo said; exit 7"]), cwd=ROOT, stdout=subprocess.PIPE, timeout=60
    )
    assert (done.returncode, done.stdout) == (7, b"said\n")
    killed = subprocess.run(die_with_parent(["sh", "-c", "kill -9 $$"]), cwd=ROOT, timeout=60)
    assert killed.returncode == -signal.SIGKILL
