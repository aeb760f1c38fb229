"""Numbers of teachers, from replies whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.bakeoff.command import BakeoffOptions
from pipeline.bakeoff.table import render
from pipeline.run.records import read_rows
from tests.pipeline.bakeoff.make import (
    ROWS,
    bake,
    gold,
    label_token,
    of,
    priced,
    run_bakeoff,
    script,
    wrong_on,
)
from tests.pipeline.helpers import write_rows
from tests.servers.faults import FaultServer


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


def test_a_price_given_later_prices_what_is_paid(folder: Path, faults: FaultServer) -> None:
    a, b = faults.spec("a"), faults.spec("b")
    found = bake(folder, a, b)
    assert found["named"] is None
    assert "local: no price per call" in found["verdict"]
    found = bake(folder, "a", "b", teacher=[priced("a", a, 2), priced("b", b, 1)])
    assert len(faults.requests) == 80
    assert found["named"] == "b"
    assert of(found, "b")["cost_per_accepted_usd"] == pytest.approx(10 / 1e6)  # 7 tokens in, 3 out


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
