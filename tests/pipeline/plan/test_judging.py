"""The evaluation's judge in a plan: a bound that what is really asked stays below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.curate.split import sides_of
from pipeline.judge.pairwise import score_pairwise
from pipeline.plan import make_plan, render_plan
from pipeline.plan.judging import heldout_at_most
from pipeline.plan.sample import sample_prompts
from pipeline.recipe.prompt_stream import PromptStream
from pipeline.recipe.recipe import Recipe
from tests.pipeline.helpers import write_rows
from tests.pipeline.plan.make import HOSTED, PRICE, SMALL_CAP, plan_of, recipe_of

JUDGE = {"scorer": {"name": "judge", "judge": {"spec": "openai:gpt-4.1-mini", "price": PRICE}}, "max_tokens": 20}


def judged(folder: Path, rows: int = 40, **sections: Any) -> Recipe:
    return recipe_of(folder, rows, **{"evaluate": JUDGE, **sections})


def heldout(recipe: Recipe) -> int:
    """The prompts that curation's split holds out, where no reply is dropped."""
    prompts = list(PromptStream(recipe))
    rows = [{"prompt_id": prompt.id, "group": prompt.group, "gold": None} for prompt in prompts]
    sides = sides_of(rows, {prompt.id: prompt.student_messages for prompt in prompts}, recipe.curation.split)
    return sides.count("heldout")


@pytest.mark.parametrize(("exports", "steps", "others"), [([], [], 2), (["gguf-f16", "int8"], ["calibrate"], 5)])
def test_the_judges_questions_stay_below_what_the_plan_says(
    tmp_path: Path, exports: list[str], steps: list[str], others: int
) -> None:
    curate = {"steps": [{"step": "outcome"}, *({"step": name, "labels": ["spam", "ham"]} for name in steps)]}
    recipe = judged(tmp_path, exports=exports, curate=curate)
    plan = plan_of(recipe, tmp_path / "run")
    held = heldout(recipe)
    assert 0 < held <= plan["judge"]["calls_high"] / (2 * others)
    texts = [{prompt.id: f"{name} {prompt.id}" for prompt in PromptStream(recipe)} for name in range(others + 1)]
    asked = score_pairwise(list(PromptStream(recipe))[:held], texts, "the best", lambda all: dict.fromkeys(all, "1"))
    assert asked.calls == 2 * others * held
    assert (plan["judge"]["calls_low"], plan["judge"]["calls_expected"], plan["calls"]) == (0, None, 40)


def test_its_dollars_are_in_the_sum_and_on_the_page(tmp_path: Path) -> None:
    made = make_plan(judged(tmp_path, generate={**SMALL_CAP, "budget_usd": 0.2}), tmp_path / "run")
    plan = made.to_dict()
    teacher, judge = plan["teachers"][0]["lanes"], plan["judge"]["lanes"]
    assert judge["batch"] is None
    for lane in ("online", "batch"):  # a judge is asked online, whatever lane the teachers are asked in
        for field in ("cost_usd_low", "cost_usd_high", "cost_usd_at_most"):
            assert plan["lanes"][lane][field] == pytest.approx(teacher[lane][field] + judge["online"][field])
    assert judge["online"]["cost_usd_high"] <= judge["online"]["cost_usd_at_most"]
    assert (plan["budget"]["covers_high"], plan["budget"]["prompts_bought_low"]) == (False, 40)
    text = render_plan(made)
    assert "judge openai:gpt-4.1-mini  online  up to" in text
    assert "the judge is asked with what is left" in text
    assert text.count("OPENAI_API_KEY") == 1


def test_a_limit_and_the_answers_length_bound_it(tmp_path: Path) -> None:
    whole = plan_of(judged(tmp_path), tmp_path / "run")["judge"]
    few = plan_of(judged(tmp_path, evaluate={**JUDGE, "limit": 3}), tmp_path / "run")["judge"]
    longer = plan_of(judged(tmp_path, evaluate={**JUDGE, "max_tokens": 40}), tmp_path / "run")["judge"]
    assert few["calls_high"] == 2 * 2 * 3 < whole["calls_high"] == longer["calls_high"]
    assert longer["input_tokens_high"] - whole["input_tokens_high"] == pytest.approx(2 * 20 * whole["calls_high"])
    uncapped = plan_of(judged(tmp_path, generate={"max_tokens": None}), tmp_path / "run")
    assert "generate.max_tokens is not set" in " ".join(uncapped["remarks"])


def test_without_a_price_the_sum_is_unknown_and_the_field_is_named(tmp_path: Path) -> None:
    unpriced = {"scorer": {"name": "judge", "judge": {"spec": "openai:x@http://localhost:9/v1"}}}
    plan = plan_of(judged(tmp_path, evaluate=unpriced), tmp_path / "run")
    assert plan["lanes"]["online"]["cost_usd_high"] is plan["cost_usd_at_most"] is None
    assert "evaluate.scorer.judge.price" in " ".join(plan["remarks"])


def test_without_a_judge_there_is_none(tmp_path: Path) -> None:
    assert plan_of(recipe_of(tmp_path, 5), tmp_path / "run")["judge"] is None


@pytest.mark.parametrize("size", [1, 10])
def test_the_held_out_rows_are_bounded_whatever_the_groups(tmp_path: Path, size: int) -> None:
    """From a sample, over many seeds of the split: at most one in twenty may be above."""
    recipe = recipe_of(tmp_path, teacher=HOSTED)
    groups = [f"group {number // size}" for number in range(3_000)]
    write_rows(tmp_path / "rows.jsonl", [{"text": f"mail {n}", "label": "ham", "g": g} for n, g in enumerate(groups)])
    prompts = recipe.prompts.model_copy(update={"group": "g"})
    most = heldout_at_most(recipe := recipe.model_copy(update={"prompts": prompts}), sample_prompts(recipe, 1))
    found = [np.mean(np.random.default_rng(seed).random(3_000 // size) < 0.2) * 3_000 for seed in range(200)]
    assert 600 < most < 900
    assert np.mean(np.array(found) > most) <= 0.05
