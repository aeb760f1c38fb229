"""Disks that fail: full, unable to sync, unable to grow. What was said to be on disk stays; nothing more is sent."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from pipeline.run.errors import RunError
from tests.faulty import can_fail_fsync, fail_fsync
from tests.pipeline.helpers import command, environment, reply, request, stillhouse, wanted, write_recipe, write_rows
from tests.servers.faults import FaultServer, echo


@pytest.mark.skipif(not can_fail_fsync(), reason="no seccomp, or a machine whose system calls are not known here")
def test_a_failed_fsync_is_final(tmp_path: Path) -> None:
    """The journal's own thread is denied fsync: the commit fails, and so does every later one."""
    path = tmp_path / "journal.sqlite"

    async def work() -> None:
        with Journal(path) as journal:
            await journal.want([(wanted(text),) for text in "abc"])
            await journal.settle(await journal.intend(request("a")), request("a"), reply("a"))
            attempt = await journal.intend(request("b"))
            with pytest.raises(RunError, match="the journal cannot be written: disk I/O error"):
                await journal.commit(lambda connection, counts: fail_fsync())
                await journal.settle(attempt, request("b"), reply("b"))
            for _ in range(2):
                with pytest.raises(RunError, match="disk I/O error"):
                    await journal.intend(request("c"))

    asyncio.run(work())
    with Journal(path) as journal:
        assert journal.left_in_flight == 1
        assert journal.read("SELECT count(*) FROM attempts") == [(2,)]
    assert [row["outcome"] for row in rows(path)] == ["ok", "unknown", "unknown"]


def test_a_file_that_cannot_grow_stops_the_run_and_the_next_asks_only_the_rest(tmp_path: Path) -> None:
    """RLIMIT_FSIZE: the kernel refuses the write with EFBIG, as it would with EIO."""
    with FaultServer() as server:
        server.responder = echo
        write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(400)])
        recipe = write_recipe(tmp_path, teacher=server.spec(), generate={"concurrency": 4, "attempts": 1})
        limited = subprocess.run(
            [sys.executable, "-c", LIMITED, *command("generate", recipe)],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert limited.returncode == 1, limited.stderr
        assert "the journal cannot be written: disk I/O error" in limited.stderr
        assert "Traceback" not in limited.stderr
        sent = len(server.requests)
        answered = sum(row["outcome"] == "ok" for row in rows(tmp_path / "runs/small/journal.sqlite"))
        assert 0 < answered <= sent <= answered + 4
        assert stillhouse("generate", recipe, cwd=tmp_path).returncode == 0
        assert len(server.requests) - sent == 400 - answered


LIMITED = f"""
import os, resource, sys
resource.setrlimit({resource.RLIMIT_FSIZE}, (1_500_000, 1_500_000))
os.execv(sys.argv[1], sys.argv[1:])
"""
