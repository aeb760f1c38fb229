"""Who is compared on what, and what is refused before any call."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.bakeoff.command import BakeoffOptions
from pipeline.bakeoff.lineup import take_slice
from pipeline.bakeoff.table import render
from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import recipe_prompts
from pipeline.run.records import read_rows
from prompts.errors import InputError
from teachers.errors import Unsupported
from tests.pipeline.bakeoff.make import (
    NO_GOLD,
    bake,
    priced,
    run_bakeoff,
    script,
    wrong_on,
)
from tests.pipeline.helpers import write_recipe
from tests.servers.faults import FaultServer


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


def test_one_endpoint_under_two_names_is_refused(folder: Path) -> None:
    a = script(folder / "a.jsonl", {})
    with pytest.raises(InputError, match="'one' and 'two' are one endpoint"):
        bake(folder, teacher=[priced("one", a, 1), priced("two", a, 2)])
    with pytest.raises(InputError, match="named twice"):
        bake(folder, a, a)
    with pytest.raises(InputError, match="two teachers or more"):
        bake(folder, a)


def test_neither_gold_nor_judge_is_an_error_before_any_call(folder: Path, faults: FaultServer) -> None:
    with pytest.raises(InputError, match="--judge SPEC"):
        bake(folder, faults.spec("a"), faults.spec("b"), prompts=NO_GOLD)
    with pytest.raises(InputError, match="unknown provider 'nobody'"):
        bake(folder, faults.spec("a"), faults.spec("b"), prompts=NO_GOLD, judge="nobody:x")
    with pytest.raises(InputError, match=r"gold answer 'ham' is none of"):
        bake(folder, faults.spec("a"), faults.spec("b"), evaluate={"scorer": "label", "labels": ["spam", "eel"]})
    assert faults.requests == []
