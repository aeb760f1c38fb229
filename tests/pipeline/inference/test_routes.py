"""Who is asked what, and what is still owed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.inference.endpoints import configure_teachers, has_system
from pipeline.inference.routes import chains_of
from pipeline.journal.samples import FallbackChain, owed_of
from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import recipe_prompts
from pipeline.recipe.recipe import Recipe
from prompts.errors import InputError
from tests.pipeline.helpers import write_recipe, write_rows

OUTCOMES = st.sampled_from([None, "ok", "truncated", "refused", "filtered"])


def three(folder: Path, **sections: Any) -> Recipe:
    """A recipe with three scripted teachers, called a, b and c."""
    rows = [{"text": f"mail {i}", "label": "ham", "kind": ["bill", "spam", "other"][i % 3]} for i in range(60)]
    write_rows(folder / "rows.jsonl", rows)
    entries = []
    for name in "abc":
        write_rows(folder / f"{name}.jsonl", [{"reply": name}])
        entries.append({"spec": f"scripted:{folder / name}.jsonl", "name": name})
    return load_recipe(write_recipe(folder, teacher=entries, **sections))


def chains(recipe: Recipe) -> list[FallbackChain]:
    prompts = recipe_prompts(recipe).prompts
    return list(chains_of(prompts, configure_teachers(recipe, has_system(prompts)), recipe))


def test_all_asks_each_teacher_each_prompt(tmp_path: Path) -> None:
    found = chains(three(tmp_path, generate={"samples": 2}))
    assert len(found) == 60 * 3 * 2
    assert all(len(chain) == 1 for chain in found)
    assert len({chain[0].sample_id for chain in found}) == len(found)


def test_fallback_makes_one_chain_through_all(tmp_path: Path) -> None:
    found = chains(three(tmp_path, combine={"how": "fallback"}))
    assert len(found) == 60
    assert all([item.endpoint for item in chain] == [0, 1, 2] for chain in found)


def test_a_route_goes_by_the_column(tmp_path: Path) -> None:
    routes = {"bill": "c", "spam": "a", "*": "b"}
    recipe = three(tmp_path, combine={"how": "route", "by": "kind", "routes": routes})
    prompts = {prompt.id: prompt for prompt in recipe_prompts(recipe).prompts}
    for (item,) in chains(recipe):
        assert "abc"[item.endpoint] == routes.get(prompts[item.prompt_id].route or "", "b")


def test_a_value_without_a_route_is_named(tmp_path: Path) -> None:
    recipe = three(tmp_path, combine={"how": "route", "by": "kind", "routes": {"bill": "a"}})
    with pytest.raises(InputError, match=r"combine\.routes.*no teacher for the value 'spam' of 'kind'"):
        chains(recipe)


def test_weights_are_kept_and_a_prompt_stays_at_its_teacher(tmp_path: Path) -> None:
    recipe = three(tmp_path, combine={"how": "route", "weights": [3, 1, 0]})
    found = {item.prompt_id: item.endpoint for (item,) in chains(recipe)}
    shares = [list(found.values()).count(endpoint) for endpoint in range(3)]
    assert shares[2] == 0
    assert 35 <= shares[0] <= 55  # of 60, expected 45
    fewer = recipe.model_copy(update={"prompts": recipe.prompts.model_copy(update={"limit": 20})})
    assert all(found[item.prompt_id] == item.endpoint for (item,) in chains(fewer))


@pytest.mark.parametrize(
    ("combine", "field", "says"),
    [
        ({"how": "best"}, "combine.judge", "is missing"),
        ({"how": "route", "by": "kind"}, "combine.routes", "Give each value of 'kind' a teacher"),
        ({"how": "route", "by": "kind", "routes": {"bill": "z"}}, "combine.routes", "The teachers are a, b, c"),
        ({"how": "route", "weights": [1, 1]}, "combine.weights", "Give 3 numbers"),
    ],
)
def test_what_cannot_work_is_said_by_field(tmp_path: Path, combine: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        three(tmp_path, combine=combine)
    assert caught.value.field == field
    assert caught.value.line is not None


def test_one_teacher_cannot_fall_back_and_one_reply_cannot_vote(tmp_path: Path) -> None:
    write_rows(tmp_path / "script.jsonl", [{"reply": "x"}])
    for how in ("fallback", "vote"):
        with pytest.raises(InputError, match=rf"combine\.how.*{how}"):
            load_recipe(write_recipe(tmp_path, combine={"how": how}))


@given(outcomes=st.lists(OUTCOMES, min_size=3, max_size=3))
def test_what_is_owed_of_a_chain(outcomes: list[str | None], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("owed")
    chain = chains(three(folder, combine={"how": "fallback"}, prompts=_prompts(limit=1)))[0]
    known = {item.request.key: ended for item, ended in zip(chain, outcomes, strict=True) if ended}
    owed = owed_of(chain, known)
    settled = any(ended in ("ok", "truncated") for ended in outcomes)
    assert owed == (() if settled else tuple(item for item in chain if item.request.key not in known))


def _prompts(**changes: Any) -> dict[str, Any]:
    return {"source": "rows.jsonl", "template": "t.md", "gold": "label", **changes}
