"""A small run with two teachers that differ, and a review of it as its user starts one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.decisions.decision import Decision, Kind
from pipeline.run.directory import RunDir
from tests.pipeline.explain.test_what_if import curated
from tests.pipeline.helpers import command, environment, write_recipe, write_rows

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u202egnp.exe\u202c"


def two_teachers(folder: Path, **sections: Any) -> RunDir:
    """12 prompts, two replies each: `one` says ham or something hostile, `two` says that it is ham."""
    write_rows(folder / "one.jsonl", [{"match": "mail 3", "reply": HOSTILE}, {"reply": "ham"}])
    write_rows(folder / "two.jsonl", [{"match": "mail 5", "reply": "x" * 1_000_000}, {"reply": "It is ham"}])
    teachers = [{"spec": f"scripted:{folder / name}.jsonl", "name": name} for name in ("one", "two")]
    split = {"heldout": 0.3}
    made = {"teacher": teachers, "curate": {"split": split, "steps": [{"step": "outcome"}]}, **sections}
    return curated(write_recipe(folder, **made))


def decision(kind: Kind, sample: str = "s", reviewer: str = "ann", prompt: str = "p", **values: Any) -> Decision:
    return Decision(prompt, sample, reviewer, kind, **values)


@contextmanager
def reviewing(run: RunDir, *options: str, reviewer: str = "ann") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`stillhouse review` in a process of its own, and the address that it prints."""
    arguments = command("review", run.root, "--no-browser", "--reviewer", reviewer, *options)
    process = subprocess.Popen(arguments, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert "http://127.0.0.1:" in line, line
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()
