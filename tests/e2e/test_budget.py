"""The budget as a user meets it: by the server's own count it is never passed, and the same command goes on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from pipeline.journal.export import rows
from pipeline.journal.progress import progress_of
from pipeline.journal.schema import read_only
from pipeline.run.directory import RunDir
from tests.pipeline.helpers import environment, tell, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat_body

PRICE = {"input": 10.0, "output": 1000.0}
"""Dollars per million tokens."""

MAX_TOKENS = 10

WORST_USD = 0.0107
"""What a request of these recipes can cost: its ten tokens, and no more bytes and marks than 70."""

STEADY = """
import teachers.pacing.account
class Steady(teachers.pacing.account.Ceiling):
    def __init__(self, most, *, adaptive): super().__init__(most, adaptive=False)
teachers.pacing.account.Ceiling = Steady
from pipeline.cli import main
main()
"""
"""The command, but with all that the recipe allows in flight from the start, whatever fails."""


@dataclass
class Bank:
    """A responder that counts what it charges: an answered request's usage at the price, whoever gets the answer."""

    output_tokens: int | None = None
    """What each answer is charged; None: by the prompt's number, from a half to all of what the request allows."""
    reasoning_tokens: int = 0
    dollars: float = 0.0
    faults: dict[int, Answer] = field(default_factory=dict)
    """By the prompt's number modulo 24, what its first request meets. An answer of status 200 is charged."""
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._met: set[str] = set()

    def __call__(self, seen: Seen) -> Answer:
        time.sleep(self.delay_s)
        number = int(re.findall(r"\d+", seen.turn)[-1])
        with self._lock:
            fault = None if seen.turn in self._met else self.faults.get(number % 24)
            self._met.add(seen.turn)
            if fault is not None and fault.status >= 300:
                return fault
            most = seen.body["max_tokens"]
            tokens_out = self.output_tokens or most - number % max(1, most // 2)
            self.dollars += (len(seen.turn) * PRICE["input"] + tokens_out * PRICE["output"]) / 1e6
            if fault is not None:
                return fault
        usage: dict[str, Any] = {"prompt_tokens": len(seen.turn), "completion_tokens": tokens_out}
        usage["completion_tokens_details"] = {"reasoning_tokens": self.reasoning_tokens}
        picks = "1" if "<answer number=1>\ntest-model" in seen.turn else "2"
        text = picks if seen.body["model"] == "judge" else f"{seen.body['model']}: {number}"
        scored = {"prompt_logprobs": [None]} if "prompt_logprobs" in seen.body else {}
        return as_json(chat_body(text) | {"usage": usage, **scored})


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def recipe_for(folder: Path, teacher: Any, prompts: int, budget_usd: float, **more: Any) -> Path:
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "spam"} for i in range(prompts)])
    settings = {"concurrency": 512, "max_tokens": MAX_TOKENS, "budget_usd": budget_usd, **more.pop("generate", {})}
    return write_recipe(folder, teacher=teacher, generate=settings, **more)


def priced(server: FaultServer, model: str = "test-model") -> dict[str, Any]:
    return {"spec": server.spec(model), "price": PRICE}


def run(recipe: Path, *options: str, stage: str = "generate") -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-c", STEADY, stage, str(recipe), *options]
    return subprocess.run(
        arguments, cwd=recipe.parent, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


def answered(folder: Path) -> set[str]:
    """The prompts that have a reply in the journal."""
    return {row["messages"][-1]["content"] for row in rows(folder / "runs/small/journal.sqlite") if row["reply"]}


def booked(folder: Path) -> float:
    """Dollars by the journal; what may have been paid counts at its worst."""
    with closing(read_only(folder / "runs/small/journal.sqlite")) as journal:
        [dollars] = journal.execute("SELECT total(coalesce(cost_usd, worst_usd)) FROM attempts").fetchone()
    return float(dollars)


def most_in_flight(folder: Path) -> int:
    """By the journal: attempts that were sent and had not ended."""
    with closing(read_only(folder / "runs/small/journal.sqlite")) as journal:
        spans = journal.execute("SELECT sent_at, ended_at FROM attempts WHERE ended_at IS NOT NULL").fetchall()
    changes = sorted([(sent, 1) for sent, _ in spans] + [(ended, -1) for _, ended in spans])
    return max(accumulate(change for _, change in changes))


TORN = Answer(200, b'{"choices": [{"mess', {"content-type": "application/json"})
LATE = Answer(200, b"{}", {"content-type": "application/json"}, delay_s=8.0)
CUT = Answer(200, b"x" * 100, {"content-type": "application/json"}, cut_to=10)
FAULTS = {3: Answer(503), 7: TORN, 8: LATE, 9: CUT, 11: Answer(429, headers={"retry-after-ms": "100"})}


def test_with_512_in_flight_and_faults_the_servers_own_count_stays_below_the_cap(
    tmp_path: Path, server: FaultServer
) -> None:
    bank = server.responder = Bank(reasoning_tokens=4, faults=FAULTS, delay_s=0.8)
    recipe = recipe_for(tmp_path, priced(server), 1100, budget_usd=5.5, generate={"timeout_s": 2.5})
    stopped = run(recipe, "--json")
    assert stopped.returncode == 3, stopped.stderr
    most = most_in_flight(tmp_path)
    print(f"${bank.dollars:.4f} by the server, ${booked(tmp_path):.4f} booked, at most {most} in flight")
    assert bank.dollars <= booked(tmp_path) <= 5.5
    assert booked(tmp_path) > 5.5 - WORST_USD
    assert most > 500
    said = json.loads(stopped.stdout)
    assert said["exit_code"] == 3
    assert said["error"] in stopped.stderr
    assert f"${booked(tmp_path):,.4f} of $5.5000 is spent" in said["error"]
    assert "raise generate.budget_usd and run the same command" in said["error"]
    assert "beyond worst cases" not in said["error"]
    stage = json.loads(tell("status", "runs/small", "--json", cwd=tmp_path).stdout)["stages"]["generate"]
    assert (stage["status"], stage["error"]) == ("stopped", said["error"])
    paid, asked = answered(tmp_path), len(server.requests)
    assert 400 < len(paid) < 700
    bank.faults.clear()
    done = run(recipe, "--set", "generate.budget_usd=40")
    assert done.returncode == 0, done.stderr
    assert not paid & {seen.turn for seen in server.requests[asked:]}
    assert len(answered(tmp_path)) == 1100
    assert bank.dollars <= booked(tmp_path) <= 40


def test_an_unknown_price_stops_before_the_first_request(tmp_path: Path, server: FaultServer) -> None:
    result = run(recipe_for(tmp_path, {"spec": server.spec()}, 3, budget_usd=1.0))
    assert result.returncode == 2, result.stderr
    assert "field 'teacher.price': no price is known for openai:test-model" in result.stderr
    assert "price: {input: ..., output: ...}" in result.stderr
    assert server.requests == []


def test_a_judge_draws_on_the_same_cap(tmp_path: Path, server: FaultServer) -> None:
    """Two answers a prompt, then a judge; the answers fit under the cap and the judge's questions do not."""
    bank = server.responder = Bank()
    combine = {"how": "best", "judge": priced(server, "judge")}
    curate = {"split": {"heldout": 0.3}, "steps": [{"step": "outcome"}]}
    teachers = [priced(server), priced(server, "other")]
    recipe = recipe_for(tmp_path, teachers, 8, budget_usd=1.5, combine=combine, curate=curate)
    stopped = run(recipe, "--until", "curate", stage="run")
    assert stopped.returncode == 3, stopped.stderr
    stages = RunDir(tmp_path / "runs/small").load_manifest().stages
    assert (stages["generate"].status, stages["curate"].status) == ("done", "stopped")
    assert {seen.body["model"] for seen in server.requests} == {"test-model", "other", "judge"}
    assert bank.dollars <= booked(tmp_path) <= 1.5
    judged = len(server.requests) - 16
    assert run(recipe, "--until", "curate", "--set", "generate.budget_usd=90", stage="run").returncode == 0
    assert len(server.requests) == 16 + 16  # the judge sees each prompt's answers in both orders
    assert 0 < judged < 16


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_rescorer_draws_on_the_same_cap(tmp_path: Path, server: FaultServer) -> None:
    """Twenty answers cost some $0.16, and their scores another $0.02."""
    bank = server.responder = Bank()
    scorer = {**priced(server, "scorer"), "capabilities": {"score": True, "top_logprobs": 5}}
    rescore = {"teacher": scorer, "top_logprobs": 1}
    recipe = recipe_for(tmp_path, priced(server), 20, budget_usd=0.175, rescore=rescore)
    stopped = run(recipe)
    assert stopped.returncode == 3, stopped.stderr
    assert bank.dollars <= booked(tmp_path) <= 0.175
    assert 20 < len(server.requests) < 40
    assert run(recipe, "--set", "generate.budget_usd=1").returncode == 0
    assert Counter(seen.body["model"] for seen in server.requests) == {"test-model": 20, "scorer": 20}


def test_a_bill_above_max_tokens_is_booked_and_said(tmp_path: Path, server: FaultServer) -> None:
    """A server whose reasoning is not held back by max_tokens: 40 tokens where 10 were allowed."""
    bank = server.responder = Bank(output_tokens=40, reasoning_tokens=35)
    recipe = recipe_for(tmp_path, priced(server), 60, budget_usd=1.0, generate={"concurrency": 1})
    stopped = run(recipe)
    assert stopped.returncode == 3, stopped.stderr
    assert "beyond worst cases: bills counted more tokens than were asked for" in stopped.stderr
    assert 0.9 < bank.dollars <= 1.0
    assert booked(tmp_path) == pytest.approx(bank.dollars)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_after_a_kill_what_was_in_flight_counts_at_its_worst(tmp_path: Path, server: FaultServer) -> None:
    bank = server.responder = Bank(output_tokens=1, delay_s=0.2)
    recipe = recipe_for(tmp_path, priced(server), 400, budget_usd=0.45, generate={"concurrency": 32})
    arguments = [sys.executable, "-c", STEADY, "generate", str(recipe)]
    process = subprocess.Popen(arguments, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE)
    while len(server.requests) < 60 and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    in_flight = progress_of(tmp_path / "runs/small/journal.sqlite")["attempts"]["in_flight"]
    assert booked(tmp_path) > bank.dollars + in_flight * 9 * PRICE["output"] / 1e6  # each had one token of its ten
    assert in_flight > 10
    stopped = run(recipe)
    assert stopped.returncode == 3, stopped.stderr
    assert "were in flight when the last process ended; they may have been paid" in stopped.stderr
    assert bank.dollars <= booked(tmp_path) <= 0.45
    assert booked(tmp_path) > 0.45 - WORST_USD
