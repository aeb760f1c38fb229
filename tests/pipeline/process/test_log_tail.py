"""The end of a log: its last lines, whatever bytes they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.process.log_tail import LINES, log_tail


@pytest.mark.parametrize("lines", [0, 1, LINES, LINES + 5])
def test_the_last_lines_under_the_logs_name(tmp_path: Path, lines: int) -> None:
    log = tmp_path / "serve.log"
    log.write_text("".join(f"line {number}\n" for number in range(lines)))
    first, *tail = log_tail(log).splitlines()
    assert first == f"The end of {log}:"
    assert tail == [f"  line {number}" for number in range(lines)][-LINES:]


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    log.write_bytes(b"caf\xe9\n")
    assert log_tail(log).endswith("\n  caf\ufffd")
