"""Whole bake-offs: scripted teachers and a real server, a journal, curation by teacher, a judge."""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bakeoff.command import BakeoffOptions, bakeoff
from pipeline.bakeoff.lineup import take_slice
from pipeline.bakeoff.result import Bakeoff
from pipeline.bakeoff.table import render
from pipeline.judge.pairwise import question
from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import recipe_prompts
from pipeline.run.progress import Progress
from pipeline.run.records import read_rows
from prompts.errors import InputError
from prompts.messages import Message
from prompts.prompt import Prompt
from teachers.errors import Unsupported
from tests.pipeline.helpers import stillhouse, write_recipe, write_rows
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat

ROWS = 40
LABELS = {"scorer": "label", "labels": ["spam", "ham"], "resamples": 200}
STEPS = {"steps": [{"step": "outcome"}, {"step": "format", "choices": ["spam", "ham"]}]}


def gold(index: int) -> str:
    return "spam" if index % 2 else "ham"


def other(label: str) -> str:
    return "ham" if label == "spam" else "spam"


def index_of(seen: Seen) -> int:
    return int(seen.turn.split()[-1])


def say(seen: Seen, wrong: Callable[[int], bool] = lambda index: False) -> Answer:
    label = gold(index_of(seen))
    return chat(other(label) if wrong(index_of(seen)) else label)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i:03}", "label": gold(i)} for i in range(ROWS)])
    return tmp_path


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    with FaultServer(say) as server:
        yield server


def script(path: Path, replies: Mapping[int, Mapping[str, Any]], rows: int = ROWS) -> str:
    """A scripted teacher that is right but where `replies` says otherwise."""
    rules = [{"match": f"mail {i:03}", "reply": gold(i)} | dict(replies.get(i, {})) for i in range(rows)]
    write_rows(path, [{key: value for key, value in rule.items() if value is not None} for rule in rules])
    return f"scripted:{path}"


def wrong_on(indices: Sequence[int]) -> dict[int, dict[str, Any]]:
    return {index: {"reply": other(gold(index))} for index in indices}


def bake(folder: Path, *specs: str, rows: int = ROWS, judge: str | None = None, **sections: Any) -> dict[str, Any]:
    """The result as people's scripts read it."""
    return run_bakeoff(folder, BakeoffOptions(specs, rows, judge), **sections).to_dict()


def run_bakeoff(folder: Path, options: BakeoffOptions, **sections: Any) -> Bakeoff:
    recipe = load_recipe(write_recipe(folder, **{"evaluate": LABELS, "curate": STEPS, **sections}))
    with Progress() as progress:
        return bakeoff(recipe, folder / "run", options, progress)


def of(found: Mapping[str, Any], label: str) -> dict[str, Any]:
    one: dict[str, Any] = next(one for one in found["teachers"] if one["label"] == label)
    return one


def priced(name: str, spec: str, dollars: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "spec": spec, "price": {"input": dollars, "output": dollars}, **more}


def test_numbers_are_those_of_the_replies(folder: Path) -> None:
    good = script(folder / "good.jsonl", wrong_on([5]))
    odd: dict[int, dict[str, Any]] = {2: {"reply": "no", "outcome": "refused"}, 4: {"reply": "eggs"}}
    odd[6] = {"reply": None, "error": "invalid"}
    fair = script(folder / "fair.jsonl", wrong_on([5, 7]) | odd)
    teachers = [priced("good", good, 1000), priced("fair", fair, 100)]
    result = run_bakeoff(folder, BakeoffOptions(("good", "fair"), ROWS), teacher=teachers)
    found = result.to_dict()
    assert of(found, "good")["score"] == pytest.approx(39 / 40)
    assert of(found, "fair")["score"] == pytest.approx(35 / 40)
    assert of(found, "fair")["accepted"] == 40 - 3
    assert (of(found, "fair")["asked"], of(found, "fair")["refused"]) == (40, 1)
    assert of(found, "fair")["failures"] == {"invalid": 1}
    assert found["best"] == "good"
    assert of(found, "fair")["minus_best"]["value"] == pytest.approx(-4 / 40)
    assert "fair: 1 invalid." in render(result)
    rows = list(read_rows(folder / "run/bakeoff/replies.parquet"))
    assert len(rows) == 80
    costs = sum(row["cost_usd"] for row in rows if "good" in row["teacher"]["model"])
    assert of(found, "good")["cost_usd"] == pytest.approx(costs)


def test_the_slice_is_no_head_of_the_file_and_the_same_for_all(folder: Path) -> None:
    recipe = load_recipe(write_recipe(folder))
    prompts = recipe_prompts(recipe).prompts
    ten, twenty = take_slice(prompts, 10), take_slice(prompts, 20)
    assert ten == take_slice(prompts[::-1], 10) == twenty[:10]
    assert {prompt.id for prompt in ten} != {prompt.id for prompt in prompts[:10]}
    a, b = script(folder / "a.jsonl", {}), script(folder / "b.jsonl", wrong_on([1]))
    bake(folder, a, b, rows=10)
    rows = list(read_rows(folder / "run/bakeoff/replies.parquet"))
    for name in ("a.jsonl", "b.jsonl"):
        asked = [row["prompt_id"] for row in rows if row["teacher"]["model"].endswith(name)]
        assert sorted(asked) == [prompt.id for prompt in ten]


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


def test_a_price_given_later_prices_what_is_paid(folder: Path, faults: FaultServer) -> None:
    a, b = faults.spec("a"), faults.spec("b")
    found = bake(folder, a, b)
    assert found["named"] is None
    assert "local: no price per call" in found["verdict"]
    found = bake(folder, "a", "b", teacher=[priced("a", a, 2), priced("b", b, 1)])
    assert len(faults.requests) == 80
    assert found["named"] == "b"
    assert of(found, "b")["cost_per_accepted_usd"] == pytest.approx(10 / 1e6)  # 7 tokens in, 3 out


def test_what_a_teacher_cannot_honour_stops_it_before_any_call(folder: Path, faults: FaultServer) -> None:
    lacking = priced("lacking", faults.spec("a"), 1, capabilities={"seed": False})
    teachers = [priced("whole", faults.spec("b"), 1), lacking]
    with pytest.raises(Unsupported, match=r"'lacking' cannot do this; it takes no seed.*generate\.optional"):
        bake(folder, teacher=teachers, generate={"seed": 1})
    assert faults.requests == []
    generate = {"seed": 1, "optional": ["seed"]}
    result = run_bakeoff(folder, BakeoffOptions(rows=5), teacher=teachers, generate=generate)
    assert {seen.body["model"]: seen.body.get("seed") for seen in faults.requests} == {"a": None, "b": 1}
    assert "lacking: asked without seed" in render(result)


def label_token(index: int, bias: float) -> dict[str, Any]:
    """Log-odds that rank rightly and lean to one label: the text is that label, whatever the mail is."""
    odds = bias + (1.0 if gold(index) == "spam" else -1.0)
    top = {"spam": -math.log1p(math.exp(-odds)), "ham": -math.log1p(math.exp(odds))}
    text = max(top, key=lambda label: top[label])
    return {"reply": text, "tokens": [{"text": text, "top": top}]}


def test_steps_that_look_at_all_rows_see_one_teacher_at_a_time(folder: Path) -> None:
    """Two teachers lean to opposite labels: calibrated together, neither would come right."""
    spammy = script(folder / "spammy.jsonl", {i: label_token(i, 3.0) for i in range(ROWS)})
    hammy = script(folder / "hammy.jsonl", {i: label_token(i, -3.0) for i in range(ROWS)})
    steps: list[dict[str, Any]] = [{"step": "outcome"}]
    generate = {"top_logprobs": 2}
    raw = bake(folder, spammy, hammy, curate={"steps": steps}, generate=generate)
    assert [one["score"] for one in raw["teachers"]] == [0.5, 0.5]
    steps.append({"step": "calibrate", "labels": ["spam", "ham"], "keep": 0.5})
    found = bake(folder, spammy, hammy, curate={"split": {"heldout": 0}, "steps": steps}, generate=generate)
    assert all(one["score"] >= 0.95 for one in found["teachers"])  # a cut at the median can miss one row
    assert all(18 <= one["accepted"] <= 40 for one in found["teachers"])


def test_teachers_do_not_vote_on_each_other(folder: Path) -> None:
    """`agreement` and `exact` would drop two of three teachers' replies to a prompt, were they one corpus."""
    wrong = script(folder / "wrong.jsonl", wrong_on(range(ROWS)))
    right, same = script(folder / "right.jsonl", {}), script(folder / "same.jsonl", {0: {"latency_s": 0.001}})
    steps = [{"step": "outcome"}, {"step": "exact"}, {"step": "agreement", "min_share": 0.5}]
    found = bake(folder, wrong, right, same, curate={"steps": steps})
    assert [one["score"] for one in found["teachers"]] == [0, 1, 1]
    assert [one["accepted"] for one in found["teachers"]] == [40, 40, 40]


def test_the_share_that_calibration_keeps_is_accepted_and_all_is_scored(folder: Path) -> None:
    """The margins differ, so that `keep` drops rows; those dropped are scored by their calibrated label too."""
    replies = {i: label_token(i, 3.0 + 0.01 * (i if gold(i) == "spam" else -i)) for i in range(ROWS)}
    spammy, plain = script(folder / "spammy.jsonl", replies), script(folder / "plain.jsonl", replies | wrong_on([]))
    (folder / "plain.jsonl").write_text((folder / "plain.jsonl").read_text() + "\n")  # another file, the same words
    steps = [{"step": "calibrate", "labels": ["spam", "ham"], "keep": 0.5}]
    found = bake(folder, spammy, plain, curate={"split": {"heldout": 0}, "steps": steps}, generate={"top_logprobs": 2})
    for one in found["teachers"]:
        assert one["accepted"] == pytest.approx(20, abs=1)
        assert one["score"] >= 0.95


def test_groups_are_one_row_each(folder: Path) -> None:
    write_rows(
        folder / "rows.jsonl", [{"text": f"mail {i:03}", "label": gold(i), "thread": f"t{i % 8}"} for i in range(ROWS)]
    )
    a, b = script(folder / "a.jsonl", {}), script(folder / "b.jsonl", wrong_on([1]))
    prompts = {"source": "rows.jsonl", "template": "t.md", "gold": "label", "group": "thread"}
    found = bake(folder, a, b, prompts=prompts)
    assert (found["rows"], found["groups"], found["named"]) == (40, 8, None)


def test_one_endpoint_under_two_names_is_refused(folder: Path) -> None:
    a = script(folder / "a.jsonl", {})
    with pytest.raises(InputError, match="'one' and 'two' are one endpoint"):
        bake(folder, teacher=[priced("one", a, 1), priced("two", a, 2)])
    with pytest.raises(InputError, match="named twice"):
        bake(folder, a, a)
    with pytest.raises(InputError, match="two teachers or more"):
        bake(folder, a)


# -- a judge --------------------------------------------------------------------------------------------------------


NO_GOLD = {"source": "rows.jsonl", "template": "t.md"}


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


def test_neither_gold_nor_judge_is_an_error_before_any_call(folder: Path, faults: FaultServer) -> None:
    with pytest.raises(InputError, match="--judge SPEC"):
        bake(folder, faults.spec("a"), faults.spec("b"), prompts=NO_GOLD)
    with pytest.raises(InputError, match="unknown provider 'nobody'"):
        bake(folder, faults.spec("a"), faults.spec("b"), prompts=NO_GOLD, judge="nobody:x")
    with pytest.raises(InputError, match=r"gold answer 'ham' is none of"):
        bake(folder, faults.spec("a"), faults.spec("b"), evaluate={"scorer": "label", "labels": ["spam", "eel"]})
    assert faults.requests == []


# -- the command ----------------------------------------------------------------------------------------------------


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
