"""Progress: told to a listener, printed for machines and people, and left in a file while it lasts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.run import progress as module
from pipeline.run.progress import Progress, StageMessage, StageProgress


def test_a_listener_hears_all_and_stderr_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[StageMessage | StageProgress] = []
    with Progress(listener=heard.append) as progress:
        progress.start("train", 10)
        progress.update(4, "loss 1.0", figures={"loss": 1.0}, left_s=3.0)
        progress.update(5, total=20)
        progress.say("done")
    assert heard[0] == StageProgress("train", 4, 10, 2.0, 3.0, "loss 1.0", {"loss": 1.0})  # 6 steps in 3 s
    assert isinstance(heard[1], StageProgress)
    assert (heard[1].done, heard[1].total) == (5, 20)
    assert heard[2:] == [StageMessage("done")]
    assert capfd.readouterr() == ("", "")


def test_machines_read_one_object_a_line(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "JSON_EVERY_S", 0.0)
    with Progress(as_json=True) as progress:
        progress.start("generate", 8)
        progress.update(0, "for people", figures={"in_flight": 3})
        progress.update(2, left_s=3.0)
        progress.say("a {line}")
    out, errors = capfd.readouterr()
    first, second, said = map(json.loads, errors.splitlines())
    assert out == ""
    assert first == {
        "event": "progress",
        "stage": "generate",
        "done": 0,
        "total": 8,
        "per_s": 0.0,
        "left_s": None,
        "in_flight": 3,
    }
    assert (second["per_s"], second["left_s"]) == (2.0, 3.0)
    assert said == {"event": "message", "text": "a {line}"}


def test_people_read_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.start("curate", 4)
        progress.update(1)  # too soon after the start for a line
        monkeypatch.setattr(module, "LINE_EVERY_S", 0.0)
        progress.update(2, "exact: 5 in, 4 out", left_s=1.0)
    assert capfd.readouterr().err == "curate: 2/4, 2.0/s, 1 s left, exact: 5 in, 4 out\n"


def test_the_file_has_the_last_object_and_goes_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "new" / "progress.json"
    with Progress(file=file) as progress:
        progress.start("evaluate", 3)
        progress.update(1, "base", figures={"kept": 2})
        now = json.loads(file.read_text())
        assert (now["stage"], now["done"], now["detail"], now["kept"]) == ("evaluate", 1, "base", 2)
        assert list(file.parent.iterdir()) == [file]
    assert not file.exists()


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Progress(file=tmp_path / "file" / "progress.json") as progress:
        progress.start("evaluate", 3)
        progress.update(1)
