"""Curation over the command line: a check of one's own, texts of every kind, and a judge that makes no sense."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.pipeline.helpers import stillhouse, tell, write_recipe, write_rows

CHECK = '''
def check(sample):
    """The reply must be the prompt's number."""
    assert set(sample) == {"sample_id", "prompt_id", "prompt", "completion"}
    if sample["completion"] == "loop":
        while True:
            pass
    return int(sample["completion"]) == int(sample["prompt"][-1]["content"].split()[-1])
'''

COMMAND = """
import json, sys
sample = json.load(sys.stdin)
open("left.txt", "w").write("x")
if sample["completion"] == "3":
    sys.exit("three is not liked")
if sample["completion"] == "4":
    print("four breaks it", file=sys.stderr)
    sys.exit(9)
"""

ROUGH = [
    "",
    "x",
    "😀🎉👩‍👩‍👧",
    "שלום עולם",
    "مرحبا بالعالم",
    "word " * 200_000,
    "y" * 1_000_000,
    "\x00\x07",
    "\u202eabc",
]


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "runs/small" / f"{name}.parquet").to_pylist()
    return rows


def until_curate(folder: Path, steps: list[dict[str, Any]] | None, replies: dict[str, str], **more: Any) -> Any:
    """Runs a recipe whose teacher answers `mail N` by `replies`, else with `fine`."""
    script = [{"match": match, "reply": reply} for match, reply in replies.items()]
    write_rows(folder / "script.jsonl", [*script, {"reply": "fine"}])
    curate = {"split": {"heldout": 0.2}} | ({} if steps is None else {"steps": steps})
    return stillhouse("run", write_recipe(folder, curate=curate, **more), "--until", "curate", cwd=folder)


def why(folder: Path, row: dict[str, Any]) -> str:
    told = tell("why", folder / "runs/small", row["sample_id"], cwd=folder)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_a_check_of_ones_own_by_function_and_by_command(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text(CHECK, encoding="utf-8")
    (tmp_path / "tool.py").write_text(COMMAND, encoding="utf-8")
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {number}", "label": "x"} for number in range(2, 10)])
    replies = {f"mail {number}": str(number) for number in range(2, 7)} | {"mail 7": "loop", "mail 8": "9"}
    steps: list[dict[str, Any]] = [
        {"step": "verify", "function": "check.py:check", "timeout_s": 2},
        {"step": "verify", "command": [sys.executable, "tool.py"]},
    ]
    done = until_curate(tmp_path, steps, replies)
    assert done.returncode == 0, done.stderr
    dropped = {row["reply"]: row for row in table(tmp_path, "dropped")}
    assert {reply: (row["reason"], row["detail"]) for reply, row in dropped.items()} == {
        "fine": ("verify_error", "ValueError: invalid literal for int() with base 10: 'fine'"),
        "loop": ("verify_timeout", None),
        "9": ("verify_failed", None),
        "3": ("verify_failed", None),
        "4": ("verify_error", "exit status 9: four breaks it"),
    }
    assert {row["reply"] for row in table(tmp_path, "kept")} == {"2", "5", "6"}
    assert not (tmp_path / "left.txt").exists()
    bars = [line.split("  -")[1] for line in done.stderr.splitlines() if "verify  " in line]  # each step has its own
    assert bars == ["1 verify_error, -1 verify_failed, -1 verify_timeout", "1 verify_error, -1 verify_failed"]
    told = why(tmp_path, dropped["4"])
    assert "dropped by the step 'verify': verify_error; " in told
    assert "  | exit status 9: four breaks it" in told
    assert "verify_timeout" in why(tmp_path, dropped["loop"])


def test_texts_of_every_kind_have_a_verdict_each(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "rows.jsonl",
        [{"text": f"{text} mail {number}.", "label": "x"} for number, text in enumerate(ROUGH)],
    )
    done = until_curate(tmp_path, None, {f"mail {number}.": text for number, text in enumerate(ROUGH)})
    assert done.returncode == 0, done.stderr
    kept, dropped = table(tmp_path, "kept"), table(tmp_path, "dropped")
    assert Counter(row["reply"] for row in (*kept, *dropped)) == Counter(ROUGH)
    assert {row["reply"]: row["reason"] for row in dropped} == {"": "too_short"}


def test_a_source_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    good = json.dumps({"text": "mail 1", "label": "x"}).encode()
    (tmp_path / "rows.jsonl").write_bytes(good + b"\n" + good.replace(b"mail", b"\xff\xfe") + b"\n")
    done = until_curate(tmp_path, None, {})
    assert done.returncode == 2
    assert "rows.jsonl:2" in done.stderr
    assert "UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_judge_that_makes_no_sense_leaves_a_funnel_and_no_student(tmp_path: Path) -> None:
    write_rows(tmp_path / "judge.jsonl", [{"reply": "five bananas"}])
    judge = {"spec": f"scripted:{tmp_path}/judge.jsonl"}
    done = until_curate(tmp_path, [{"step": "judge", "judge": judge}], {})
    assert done.returncode == 1
    assert "curation left no row to train on" in done.stderr
    assert "judge_failed" in done.stderr
    assert {row["reason"] for row in table(tmp_path, "dropped")} == {"judge_failed"}
    assert not (tmp_path / "runs/small/student").exists()
