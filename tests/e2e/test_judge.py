"""A judge that scores, over the command line: paid from the run's budget, asked once, and never about held-out rows."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.run.directory import RunDir
from tests.e2e.test_budget import booked
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat_body

PRICE = {"input": 10.0, "output": 1000.0}
"""Dollars per million tokens: of a judge's 1,024 tokens one request can cost a dollar."""

ROWS = 12


@dataclass
class Bank:
    """A teacher that repeats its mail and a judge that scores it by its number; counts what it charges."""

    dollars: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, seen: Seen) -> Answer:
        judging = seen.body["model"] == "judge"
        text = verdict(seen.turn) if judging else f"reply to {seen.turn}"
        usage = {"prompt_tokens": len(seen.turn), "completion_tokens": 300 if judging else 3}
        with self.lock:
            self.dollars += (
                usage["prompt_tokens"] * PRICE["input"] + usage["completion_tokens"] * PRICE["output"]
            ) / 1e6
        return as_json(chat_body(text) | {"usage": usage})


def verdict(question: str) -> str:
    """Scores of 1 to 5 by the mail's number, but no usable one for mail 7."""
    number = int(question.split("reply to mail ")[1].split("\n")[0])
    return "a solid 4" if number == 7 else json.dumps({"reason": f"mail {number}", "score": number % 5 + 1})


def recipe_for(folder: Path, server: FaultServer, **generate: Any) -> Path:
    write_rows(folder / "rows.jsonl", [{"text": f"mail {i}", "label": "x"} for i in range(ROWS)])
    curate = {
        "split": {"heldout": 0.3},
        "steps": [{"step": "outcome"}, {"step": "judge", "judge": {"spec": server.spec("judge"), "price": PRICE}}],
    }
    teacher = {"spec": server.spec("teacher"), "price": PRICE}
    return write_recipe(folder, teacher=teacher, generate={"max_tokens": 10, **generate}, curate=curate)


def run(recipe: Path, *options: str) -> Any:
    return stillhouse("run", recipe, "--until", "curate", *options, cwd=recipe.parent)


def table(folder: Path, name: str) -> dict[int, dict[str, Any]]:
    rows = pq.read_table(folder / "runs/small" / f"{name}.parquet").to_pylist()
    return {int(row["reply"].rsplit(" ", 1)[1]): row for row in rows}


def test_a_judge_is_paid_from_the_same_budget_and_asked_once(tmp_path: Path) -> None:
    with FaultServer() as server:
        bank = server.responder = Bank()
        recipe = recipe_for(tmp_path, server, budget_usd=2.5)
        stopped = run(recipe)
        assert stopped.returncode == 3, stopped.stderr
        stages = RunDir(tmp_path / "runs/small").load_manifest().stages
        assert (stages["generate"].status, stages["curate"].status) == ("done", "stopped")
        assert bank.dollars <= booked(tmp_path) <= 2.5
        paid = asked(server)
        assert paid  # some verdicts were paid for before the cap
        done = run(recipe, "--set", "generate.budget_usd=50")
        assert done.returncode == 0, done.stderr
        assert booked(tmp_path) == pytest.approx(bank.dollars)
        kept, dropped = table(tmp_path, "kept"), table(tmp_path, "dropped")
        heldout = {number for number, row in kept.items() if row["split"] == "heldout"}
        train = set(range(ROWS)) - heldout
        assert 0 < len(heldout) < ROWS
        again = run(
            recipe, "--from", "curate", "--set", "curate.judge.min_score=0.9", "--set", "generate.budget_usd=50"
        )
        assert again.returncode == 0, again.stderr
        assert asked(server) == Counter(train)  # each once, held-out ones never, whatever was run again
        assert paid <= asked(server)
    schemas = {
        json.dumps(seen.body.get("response_format")) for seen in server.requests if seen.body["model"] == "judge"
    }
    assert [json.loads(text)["type"] for text in schemas] == ["json_schema"]
    for number in train:
        row, share = (kept | dropped)[number], number % 5 / 4
        if number == 7:
            assert (row["step"], row["reason"], row["score"]) == ("judge", "judge_failed", None)
        elif share < 0.5:
            assert (row["step"], row["reason"], row["score"]) == ("judge", "low_score", share)
        else:
            assert kept[number]["judge_score"] == share
    assert {kept[number]["judge_score"] for number in heldout} == {None}
    assert set(table(tmp_path, "kept")) == heldout | {number for number in train if number % 5 == 4}


def asked(server: FaultServer) -> Counter[int]:
    """How often the judge was asked about each mail."""
    questions = [seen.turn for seen in server.requests if seen.body["model"] == "judge"]
    return Counter(int(text.split("reply to mail ")[1].split("\n")[0]) for text in questions)
