"""How a judge is asked: as surely as it can be, whoever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.curate.steps.judge import SCHEMA
from pipeline.judge.configure import MAX_TOKENS, configure_judge
from pipeline.recipe.load import load_recipe
from pipeline.recipe.teachers import TeacherEntry
from tests.pipeline.helpers import write_recipe


def test_the_recipes_own_sampling_is_for_replies(tmp_path: Path) -> None:
    generate = {"temperature": 1.5, "top_p": 0.9, "seed": 7, "max_tokens": 5, "top_logprobs": 3}
    recipe = load_recipe(write_recipe(tmp_path, generate=generate))
    judge = configure_judge(recipe.generate, TeacherEntry(spec="openai:gpt-4.1-mini"), SCHEMA)
    how = judge.sampling
    assert (how.temperature, how.top_p, how.seed, how.top_logprobs, how.max_tokens) == (0.0, None, None, 0, MAX_TOKENS)
    assert judge.schema is not None


@pytest.mark.parametrize(("able", "schema"), [(True, SCHEMA), (False, None)])
def test_a_judge_is_held_to_the_schema_where_it_can_be(tmp_path: Path, able: bool, schema: Any) -> None:
    recipe = load_recipe(write_recipe(tmp_path))
    entry = TeacherEntry(spec="openai:m@http://127.0.0.1:1/v1", capabilities={"schema": able})
    endpoint = configure_judge(recipe.generate, entry, SCHEMA)
    assert (None if endpoint.schema is None else json.loads(endpoint.schema)) == schema
    assert endpoint.sampling.temperature == 0
