"""Whole bake-offs: scripted teachers and a real server, a journal, a judge, the command."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bakeoff.command import BakeoffOptions
from pipeline.bakeoff.result import Bakeoff
from pipeline.bakeoff.table import render
from pipeline.judge.pairwise import question
from pipeline.run.records import read_rows
from prompts.messages import Message
from prompts.prompt import Prompt
from tests.pipeline.bakeoff.make import (
    LABELS,
    NO_GOLD,
    ROWS,
    STEPS,
    bake,
    gold,
    index_of,
    of,
    priced,
    run_bakeoff,
    say,
    script,
    wrong_on,
)
from tests.pipeline.helpers import stillhouse, write_recipe
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat


def test_nothing_is_paid_twice_and_a_new_teacher_alone_is_asked(folder: Path, faults: FaultServer) -> None:
    a, b, c = (faults.spec(name) for name in ("a", "b", "c"))
    first = bake(folder, a, b, rows=10)
    assert len(faults.requests) == 20
    again = bake(folder, a, b, rows=10)
    assert len(faults.requests) == 20
    assert [one["score"] for one in again["teachers"]] == [one["score"] for one in first["teachers"]]
    bake(folder, f"{a},{b}", c, rows=10)
    assert [seen.body["model"] for seen in faults.requests[20:]] == ["c"] * 10
    bake(folder, a, b, rows=12)
    assert len(faults.requests) == 34


def test_a_failed_call_is_owed_again(folder: Path, faults: FaultServer) -> None:
    faults.responder = lambda seen: as_json({"error": {"message": "down"}}, 500) if index_of(seen) < 20 else say(seen)
    found = bake(folder, faults.spec("a"), faults.spec("b"), generate={"attempts": 1})
    assert of(found, faults.spec("a"))["failures"] == {"transient": 20}
    assert of(found, faults.spec("a"))["score"] == 0.5
    faults.responder = say
    found = bake(folder, faults.spec("a"), faults.spec("b"), generate={"attempts": 1})
    assert of(found, faults.spec("a"))["failures"] == {}
    assert len(faults.requests) == 80 + 40


def answers_in(seen: Seen) -> tuple[str, str]:
    """The two answers, as the judge was shown them."""
    parts = [part.split("\n", 1)[1].strip() for part in seen.turn.split("--- ") if " answer " in part.split("\n", 1)[0]]
    return parts[0], parts[1]


class Judge:
    """Serves a judge beside two teachers: one that is right, one that `b` says."""

    def __init__(self, verdict: Callable[[str, str], str], b: Callable[[int], str]) -> None:
        self.verdict, self.b = verdict, b
        self.calls = 0
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Answer:
        if seen.body["model"] == "judge":
            with self._lock:
                self.calls += 1
            return chat(self.verdict(*answers_in(seen)))
        return chat(gold(index_of(seen)) if seen.body["model"] == "a" else self.b(index_of(seen)))


def judged(folder: Path, faults: FaultServer, judge: Judge, rows: int = ROWS) -> Bakeoff:
    faults.responder = judge
    options = BakeoffOptions([faults.spec("a"), faults.spec("b")], rows, faults.spec("judge"))
    return run_bakeoff(folder, options, prompts=NO_GOLD, curate={"steps": [{"step": "outcome"}]})


def test_a_judge_that_prefers_a_place_prefers_nobody(folder: Path, faults: FaultServer) -> None:
    judge = Judge(lambda one, two: "1", b=lambda index: "eggs")
    result = judged(folder, faults, judge)
    found = result.to_dict()
    assert [one["score"] for one in found["teachers"]] == [0.5, 0.5]
    assert (found["judge"]["calls"], found["judge"]["changed"], found["judge"]["failures"]) == (80, 40, 0)
    assert "40 pairs decided by the answers' places" in render(result)


def test_a_judge_that_knows_is_believed(folder: Path, faults: FaultServer) -> None:
    judge = Judge(lambda one, two: "2" if one == "eggs" else "1", b=lambda index: "eggs" if index < 10 else gold(index))
    result = judged(folder, faults, judge)
    found = result.to_dict()
    assert of(found, faults.spec("b"))["score"] == pytest.approx(15 / 40)  # ten lost, thirty equal: half a point each
    assert of(found, faults.spec("b"))["significantly_worse"]
    assert judge.calls == 20  # equal answers need no judge
    judged(folder, faults, judge)
    assert judge.calls == 20  # and no verdict is paid for twice


@pytest.mark.parametrize("verdict", ["Answer 1 is better", "3", "", "1 2", "one"])
def test_a_malformed_verdict_is_a_failure_and_no_score(folder: Path, faults: FaultServer, verdict: str) -> None:
    bad = Judge(lambda one, two: verdict if "eggs 00" in one + two else "0", b=lambda index: f"eggs {index:03}")
    result = judged(folder, faults, bad)
    found = result.to_dict()
    assert (found["rows"], found["left_out"], found["judge"]["failures"]) == (30, 10, 20)
    assert [one["score"] for one in found["teachers"]] == [0.5, 0.5]
    assert "10 left out" in render(result)


def test_no_answer_loses_without_a_call(folder: Path, faults: FaultServer) -> None:
    judge = Judge(lambda one, two: "0", b=lambda index: "" if index < 10 else "eggs")
    result = judged(folder, faults, judge)
    found = result.to_dict()
    assert of(found, faults.spec("b"))["score"] == pytest.approx(15 / 40)
    assert judge.calls == 60


@given(st.text(), st.text())
def test_an_answer_cannot_close_its_fence(one: str, two: str) -> None:
    asked = question(Prompt("p", (), (Message("user", "--- end"),)), one, two, "the truer one")[0].content
    fence = re.findall(r"^--- ([0-9a-f]{12}) conversation$", asked, re.MULTILINE)[0]
    parts = asked.split(f"--- {fence} ")
    assert [part.split("\n", 1)[0] for part in parts[1:]] == ["conversation", "answer 1", "answer 2", "end"]
    assert parts[2] == f"answer 1\n{one}\n\n"
    assert parts[3] == f"answer 2\n{two}\n\n"


def test_the_command_prints_the_table_and_the_verdict(folder: Path) -> None:
    a, b = script(folder / "a.jsonl", {}), script(folder / "b.jsonl", wrong_on([1, 2]))
    recipe = write_recipe(folder, evaluate=LABELS, curate=STEPS, teacher=[priced("a", a, 10), priced("b", b, 1)])
    text = stillhouse("bakeoff", recipe, "--teachers", "a,b", "--rows", "40", cwd=folder)
    assert text.returncode == 0, text.stderr
    assert "b is the cheapest that is not significantly worse than the best, a" in text.stdout
    assert "bakeoff: 80 calls; 0 replies are in the journal already" in text.stderr
    again = stillhouse("bakeoff", recipe, "--teachers", "a", "--teachers", "b", "--rows", "40", "--json", cwd=folder)
    assert json.loads(again.stdout)["named"] == "b"
    assert "bakeoff: 0 calls" in again.stderr
    few = stillhouse("bakeoff", recipe, "--rows", "20", "--json", cwd=folder)
    assert json.loads(few.stdout)["named"] is None
    row = next(iter(read_rows(folder / "runs/small/bakeoff/replies.parquet")))
    assert "bakeoff   done" in stillhouse("status", "runs/small/bakeoff", cwd=folder).stdout
    assert row["sample_id"] in stillhouse("why", "runs/small/bakeoff", row["sample_id"], cwd=folder).stdout
    assert json.loads((folder / "runs/small/bakeoff/bakeoff.json").read_text()) == json.loads(few.stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--teachers", "nobody:x,gguf:smollm2-135m"], 2, "unknown provider 'nobody'"),
        (["--teachers", "gpt,gguf:smollm2-135m"], 2, "does not name a teacher"),
        (["--rows", "0"], 2, "--rows"),
        ([], 2, "two teachers or more"),
        (["--teachers", "openai:gpt-4.1,openai:gpt-4.1-mini"], 1, "OPENAI_API_KEY"),
    ],
)
def test_bad_commands_have_one_message(folder: Path, arguments: list[str], code: int, message: str) -> None:
    script(folder / "script.jsonl", {})
    result = stillhouse("bakeoff", write_recipe(folder), *arguments, cwd=folder)
    assert (result.returncode, message in result.stderr, "Traceback" in result.stderr) == (code, True, False)
