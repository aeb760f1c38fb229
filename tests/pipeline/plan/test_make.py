"""What a plan says, from real sources and journals whose truth is known."""

from __future__ import annotations

import asyncio
import json
import random
import tracemalloc
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.inference.endpoints import configure_teachers
from pipeline.inference.routes import chains_of
from pipeline.journal.journal import Journal
from pipeline.plan import make_plan, render_plan
from pipeline.plan.estimate import exactly
from pipeline.plan.lanes import lanes_of
from pipeline.plan.past import PastUsage
from pipeline.plan.sample import PROMPTS, Owed, Sample
from pipeline.plan.share import Asked, share_of
from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.recipe.recipe import Recipe
from pipeline.run.errors import RunError
from prompts.errors import InputError
from teachers.base import Reply, Request, Usage
from tests.pipeline.helpers import write_recipe, write_rows

PRICE = {"input": 2.0, "output": 8.0}
HOSTED = {"spec": "openai:gpt-4.1", "price": PRICE}
SMALL_CAP = {"max_tokens": 100}


def recipe_of(folder: Path, rows: int = 12, **sections: Any) -> Recipe:
    texts = [f"mail {i} " + "word " * (i % 40) for i in range(rows)]
    write_rows(folder / "rows.jsonl", [{"text": text, "label": "ham"} for text in texts])
    return load_recipe(write_recipe(folder, **{"teacher": HOSTED, "generate": SMALL_CAP, **sections}))


def plan_of(recipe: Recipe, root: Path) -> dict[str, Any]:
    """The plan as people's scripts read it."""
    return make_plan(recipe, root).to_dict()


def answer(request: Request) -> Reply:
    """A teacher of 4 bytes a token, 4 tokens about each turn, that says 10 to 30 tokens in one to three seconds."""
    chance = random.Random(request.key)
    size = sum(len(turn.content) for turn in request.messages)
    usage = Usage(round(size / 4) + 4 * len(request.messages), None, chance.randint(10, 30))
    return Reply("ham", usage=usage, latency_s=chance.uniform(1, 3), cost_usd=0.001)


def answered(recipe: Recipe, folder: Path, rows: int) -> Path:
    """A run in whose journal the first so many rows are answered."""
    run = folder / "run"
    run.mkdir(exist_ok=True)
    prompts = PromptStream(recipe)
    endpoints = configure_teachers(recipe, prompts.has_system)

    async def ask(journal: Journal) -> None:
        chains = chains_of(islice(prompts, rows), endpoints, recipe)
        await journal.want(chains, "some", rows=lambda: prompts.rows)
        owed = [chain[0].request for number in range(len(endpoints)) for chain in journal.owed(number)]
        attempts = await asyncio.gather(*map(journal.intend, owed))
        settled = zip(attempts, owed, map(answer, owed), strict=True)
        await asyncio.gather(*(journal.settle(*ended) for ended in settled))

    with Journal(run / "journal.sqlite") as journal:
        asyncio.run(ask(journal))
    return run


def owed_truth(recipe: Recipe, rows: int) -> dict[str, float]:
    """What the teacher would take for the rows after the first `rows`."""
    chains = islice(chains_of(PromptStream(recipe), configure_teachers(recipe, True), recipe), rows, None)
    replies = [answer(chain[0].request) for chain in chains]
    tokens_in, tokens_out = (
        sum(getattr(one.usage, f"{name}_tokens") for one in replies) for name in ("input", "output")
    )
    hours = sum(one.latency_s or 0 for one in replies) / recipe.generate.concurrency / 3600
    cost = (tokens_in * PRICE["input"] + tokens_out * PRICE["output"]) / 1e6
    return {"calls": len(replies), "input_tokens": tokens_in, "output_tokens": tokens_out, "hours": hours, "cost": cost}


def holds(data: dict[str, Any], name: str, truth: float) -> bool:
    low, expected, high = (data[f"{name}_{end}"] for end in ("low", "expected", "high"))
    return bool(low <= expected <= high and low <= truth <= high)


def test_what_was_measured_tells_what_is_owed(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=6_000)
    plan = plan_of(recipe, answered(recipe, tmp_path, 400))
    truth, teacher = owed_truth(recipe, 400), plan["teachers"][0]
    assert (plan["rows"], plan["sampled_rows"], teacher["measured_replies"]) == (6_000, PROMPTS, 400)
    for name in ("input_tokens", "output_tokens"):
        assert holds(teacher, name, truth[name])
        assert teacher[f"{name}_high"] < 1.2 * truth[name]
    assert holds(teacher, "calls", truth["calls"])
    assert holds(plan, "answered", 400)
    online, batch = teacher["lanes"]["online"], teacher["lanes"]["batch"]
    assert holds(online, "cost_usd", truth["cost"])
    assert holds(batch, "cost_usd", truth["cost"] / 2)
    assert holds(online, "hours", truth["hours"])
    assert online["cost_usd_at_most"] > 3 * truth["cost"]
    assert (batch["hours_low"], batch["hours_high"], batch["jobs"]) == (0, 24, 1)
    assert "tokens out a call" in " ".join(plan["remarks"])


def test_all_prompts_are_counted_exactly_where_all_are_read(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=300)
    plan = plan_of(recipe, answered(recipe, tmp_path, 100))
    assert (plan["prompts"], plan["answered"], plan["calls"]) == (300, 100, 200)
    teacher = plan["teachers"][0]
    assert teacher["calls_low"] == teacher["calls_high"] == 200
    assert holds(teacher, "output_tokens", owed_truth(recipe, 100)["output_tokens"])


def test_the_dollars_of_many_samples_cover_the_truth(tmp_path: Path) -> None:
    """Prompts and replies drawn anew each time; the bill is that of a whole population of each."""
    endpoint = configure_teachers(recipe := recipe_of(tmp_path), True)[0]
    chance, population, covered = np.random.default_rng(3), 50_000, 0
    sizes = chance.lognormal(6, 0.6, population)
    bill = (sizes.sum() * 0.25 * PRICE["input"] + population * 40 * PRICE["output"]) / 1e6
    runs = 400
    for _ in range(runs):
        bytes_N = chance.choice(sizes, 500, replace=False)
        read_M = chance.choice(sizes, 60)
        measured = PastUsage(
            output_tokens_N=chance.exponential(40, 60),
            latency_s_N=np.array([]),
            stored_bytes_N=np.array([]),
            input_tokens_M=read_M * chance.normal(0.25, 0.02, 60),
            input_bytes_M=read_M,
        )
        ones = np.ones(500)
        owed = Owed(ones, bytes_N, 2 * ones, {"online": ones, "batch": ones})
        sample = Sample((None,) * 500, population, population, 0, "")  # type: ignore[arg-type]
        share = share_of(Asked(endpoint, measured, exactly(population)), owed, sample)
        cost = lanes_of(share, recipe.generate.model_copy(update={"concurrency": 8}))[0].cost_usd
        assert cost is not None
        covered += cost.low <= bill <= cost.high
    assert covered / runs >= 0.93


def test_without_a_journal_ranges_are_said_to_be_ranges(tmp_path: Path) -> None:
    assert plan_of(recipe_of(tmp_path, 2_500), tmp_path / "run")["answered_high"] == 0
    plan = plan_of(recipe := recipe_of(tmp_path), tmp_path / "run")
    teacher = plan["teachers"][0]
    assert (teacher["output_tokens_low"], teacher["output_tokens_high"]) == (12, 1200)
    assert teacher["output_tokens_expected"] is None
    assert teacher["lanes"]["online"]["cost_usd_expected"] is None
    assert holds(teacher, "input_tokens", owed_truth(recipe, 0)["input_tokens"])
    said = " ".join(plan["remarks"])
    assert "from 1 a call to max_tokens" in said
    assert "no latency was measured" in said


def test_other_parameters_tell_of_the_input_alone(tmp_path: Path) -> None:
    run = answered(recipe_of(tmp_path, rows=100), tmp_path, 50)
    teacher = plan_of(recipe_of(tmp_path, rows=100, generate={"max_tokens": 7}), run)["teachers"][0]
    assert teacher["output_tokens_expected"] is None
    assert teacher["input_tokens_high"] < 1.1 * teacher["input_tokens_low"]


def test_a_seed_differs_by_sample_and_is_no_other_parameter(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=60, generate={**SMALL_CAP, "seed": 5, "samples": 2})
    plan = plan_of(recipe, answered(recipe, tmp_path, 20))
    assert plan["teachers"][0]["measured_replies"] == 40
    assert (plan["samples"], plan["answered"], plan["calls"]) == (120, 40, 80)


@pytest.mark.parametrize(
    ("quota", "hours"), [({"requests_per_minute": 0.5}, 12 * 2 / 60), ({"tokens_per_minute": 1.0}, None)]
)
def test_quotas_bound_the_hours(tmp_path: Path, quota: dict[str, float], hours: float | None) -> None:
    teacher = plan_of(recipe_of(tmp_path, teacher={**HOSTED, **quota}), tmp_path / "run")["teachers"][0]
    found = teacher["lanes"]["online"]
    assert found["hours_high"] == pytest.approx(hours or (teacher["input_tokens_high"] + 1200) / 60)


def test_hours_follow_the_latency_over_the_concurrency(tmp_path: Path) -> None:
    hours = []
    for concurrency in (4, 8):
        recipe = recipe_of(tmp_path, rows=100, generate={**SMALL_CAP, "concurrency": concurrency})
        plan = plan_of(recipe, answered(recipe, tmp_path, 50))
        hours.append(plan["lanes"]["online"]["hours_expected"])
    assert hours[0] == pytest.approx(2 * hours[1])


@pytest.mark.parametrize(("account", "times"), [("one", 2), ("other", 1)])
def test_teachers_of_one_account_wait_for_each_other(tmp_path: Path, account: str, times: int) -> None:
    pace = {"requests_per_minute": 0.1}
    teachers = [{**HOSTED, **pace, "account": "one"}, {**HOSTED, **pace, "name": "b", "account": account}]
    plan = plan_of(recipe_of(tmp_path, teacher=teachers), tmp_path / "run")
    alone = plan["teachers"][0]["lanes"]["online"]["hours_high"]
    assert plan["lanes"]["online"]["hours_high"] == pytest.approx(times * alone)
    assert plan["calls"] == 24


def test_a_lane_or_a_price_that_is_not_there_is_said(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, teacher="openai:x@http://localhost:9/v1", generate={"lane": "batch", "budget_usd": 1})
    made = make_plan(recipe, tmp_path / "run")
    plan = made.to_dict()
    lanes = plan["teachers"][0]["lanes"]
    assert lanes["batch"] is plan["lanes"]["batch"] is plan["cost_usd_at_most"] is None
    assert lanes["online"]["cost_usd_high"] is None
    assert plan["budget"]["covers_high"] is None
    said = " ".join(plan["remarks"])
    assert "has no batch lane: the run would stop" in said
    assert "no price is known for" in said
    assert "the teacher has none" in render_plan(made)


def test_a_model_in_this_process_costs_nothing_and_its_hours_are_unknown(tmp_path: Path) -> None:
    script = write_rows(tmp_path / "script.jsonl", [{"reply": "ham"}])
    plan = plan_of(recipe_of(tmp_path, teacher=f"scripted:{script}"), tmp_path / "run")
    online = plan["teachers"][0]["lanes"]["online"]
    assert (online["cost_usd_high"], online["hours_high"]) == (0, None)


def test_without_a_cap_nothing_is_the_most(tmp_path: Path) -> None:
    made = make_plan(recipe_of(tmp_path, generate={"max_tokens": None, "budget_usd": 1}), tmp_path / "run")
    plan = made.to_dict()
    online = plan["teachers"][0]["lanes"]["online"]
    assert online["cost_usd_low"] > 0
    assert online["cost_usd_high"] is online["cost_usd_at_most"] is plan["disk_bytes_high"] is None
    assert (plan["budget"]["covers_high"], plan["budget"]["prompts_bought_low"]) == (False, 0)
    assert "generate.max_tokens" in " ".join(plan["remarks"])
    assert "or more" in render_plan(made)


def test_a_schema_is_read_too(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"label": {"type": "string"}}}
    plain, schemed = (
        plan_of(recipe_of(tmp_path, generate={**SMALL_CAP, **more}), tmp_path / "run")["input_tokens_low"]
        for more in ({}, {"json_schema": schema})
    )
    assert schemed == pytest.approx(plain + 12 * len(json.dumps(schema, separators=(",", ":"))) / 5)


@pytest.mark.parametrize("first", [0, 200])
def test_the_disk_is_what_the_journal_grows_by(tmp_path: Path, first: int) -> None:
    recipe = recipe_of(tmp_path, rows=1_000)
    run = answered(recipe, tmp_path, first) if first else tmp_path / "run"
    journal = run / "journal.sqlite"
    before = journal.stat().st_size if first else 0
    plan = plan_of(recipe, run)
    answered(recipe, tmp_path, 1_000)
    assert plan["disk_bytes_low"] <= journal.stat().st_size - before <= plan["disk_bytes_high"]


def test_a_journal_that_is_none_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/journal.sqlite").write_bytes(b"words " * 1000)
    with pytest.raises(RunError, match="is not a journal"):
        plan_of(recipe_of(tmp_path), tmp_path / "run")


def test_jobs_follow_the_providers_limits_as_the_recipe_says_them(tmp_path: Path) -> None:
    small = {**HOSTED, "batch": {"max_requests": 5}}
    assert plan_of(recipe_of(tmp_path, teacher=small), tmp_path / "run")["teachers"][0]["lanes"]["batch"]["jobs"] == 3
    bedrock = recipe_of(tmp_path, teacher="bedrock:us.amazon.nova-pro-v1:0", generate={**SMALL_CAP, "lane": "batch"})
    said = " ".join(plan_of(bedrock, tmp_path / "run")["remarks"])
    assert "12 calls are fewer than the 100 of a batch" in said


def test_a_fallback_may_never_be_asked(tmp_path: Path) -> None:
    teachers = [HOSTED, {**HOSTED, "name": "second"}]
    plan = plan_of(recipe_of(tmp_path, teacher=teachers, combine={"how": "fallback"}), tmp_path / "run")
    first, second = plan["teachers"]
    assert (first["calls_low"], first["calls_high"]) == (12, 12)
    assert (second["calls_low"], second["calls_expected"], second["calls_high"]) == (0, None, 12)
    assert second["lanes"]["online"]["cost_usd_low"] == 0
    assert plan["samples"] == 12


def test_a_route_shares_the_prompts_out(tmp_path: Path) -> None:
    teachers = [HOSTED, {**HOSTED, "name": "second"}]
    combine = {"how": "route", "weights": [1, 4]}
    small = plan_of(recipe_of(tmp_path, 500, teacher=teachers, combine=combine), tmp_path / "run")
    assert small["calls"] == sum(part["calls"] for part in small["teachers"]) == 500
    large = plan_of(recipe_of(tmp_path, 6_000, teacher=teachers, combine=combine), tmp_path / "run")
    assert holds(large["teachers"][1], "calls", 4_800)
    assert large["teachers"][1]["calls_high"] < 5_000


def test_a_budget_says_what_it_buys(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, rows=300, generate={**SMALL_CAP, "budget_usd": 100})
    run = answered(recipe, tmp_path, 100)
    plan = plan_of(recipe, run)
    assert plan["budget"]["spent_usd"] == pytest.approx(0.1)
    assert (plan["budget"]["covers_high"], plan["budget"]["prompts_bought_low"]) == (True, 200)
    expected = plan["lanes"]["online"]["cost_usd_expected"]
    half = recipe_of(tmp_path, rows=300, generate={**SMALL_CAP, "budget_usd": 0.1 + expected / 2})
    budget = plan_of(half, run)["budget"]
    assert (budget["covers_high"], budget["prompts_bought_expected"]) == (False, pytest.approx(100))
    assert budget["prompts_bought_low"] < 100 < budget["prompts_bought_high"]


def test_repeated_rows_widen_what_a_sample_tells(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {i % 50}", "label": "ham"} for i in range(3_000)])
    plan = plan_of(recipe, tmp_path / "run")
    teacher = plan["teachers"][0]
    assert teacher["calls_low"] <= 50 <= 3_000 == teacher["calls_high"]
    assert teacher["calls_expected"] is None
    assert "repeat another's prompt" in " ".join(plan["remarks"])


def test_a_bad_row_among_few_is_found_and_named(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    write_rows(tmp_path / "rows.jsonl", [{"text": "a", "label": "ham"}, {"label": "ham"}])
    with pytest.raises(InputError, match=r"rows.jsonl:2: field 'text': is missing"):
        plan_of(recipe, tmp_path / "run")


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.plan.sample.PROMPTS", 200)
    peaks = []
    for rows in (2_000, 2_000, 100_000):  # the first imports what it needs
        recipe = recipe_of(tmp_path, rows)
        tracemalloc.start()
        plan_of(recipe, tmp_path / "run")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.3 * peaks[1]


def test_the_plan_is_json_and_text(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, teacher=[HOSTED, {**HOSTED, "name": "b"}], generate={**SMALL_CAP, "accept": 5})
    made = make_plan(recipe, tmp_path / "run")
    plan = made.to_dict()
    assert json.loads(json.dumps(plan, allow_nan=False)) == plan
    text = render_plan(made)
    assert "calls      24: 12 prompts, 0 answers there already" in text
    assert "in all" in text
    assert "generate.accept may stop at 5 kept samples" in text
