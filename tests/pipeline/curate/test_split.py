"""The split: what is near stays on one side, gold labels get their shares, and little moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.split import side, sides_of
from pipeline.recipe.curate import Split
from pipeline.recipe.load import load_recipe
from pipeline.recipe.prompt_stream import recipe_prompts
from prompts.messages import Message


def split(texts: Mapping[str, str], config: Split, **columns: Mapping[str, str]) -> dict[str, str]:
    """The side of each prompt id, from their texts; `group` and `gold` by prompt id."""
    rows: list[dict[str, Any]] = [
        {"prompt_id": name, **{column: columns.get(column, {}).get(name) for column in ("group", "gold")}}
        for name in texts
    ]
    student_messages = {name: (Message("user", text),) for name, text in texts.items()}
    return dict(zip(texts, sides_of(rows, student_messages, config), strict=True))


def variant(number: int, letter: str) -> str:
    return " ".join(f"w{number}x{place}" for place in range(30)) + f" {letter}"


@pytest.mark.parametrize("near", [0.8, None])
def test_near_prompts_never_straddle_the_split(near: float | None) -> None:
    texts = {f"{number}{letter}": variant(number, letter) for number in range(60) for letter in "abc"}
    sides = split(texts, Split(heldout=0.5, near=near))
    straddling = [number for number in range(60) if len({sides[f"{number}{letter}"] for letter in "abc"}) > 1]
    assert bool(straddling) == (near is None)


def test_groups_that_a_near_prompt_connects_are_on_one_side() -> None:
    texts = {
        f"{number}{letter}": variant(2 * number + (letter == "c"), letter) for number in range(40) for letter in "abc"
    }
    groups = {name: f"group {name}" if name[-1] == "a" else f"group {name[:-1]}" for name in texts}
    sides = split(texts, Split(heldout=0.5), group=groups)
    assert all(len({sides[f"{number}{letter}"] for letter in "abc"}) == 1 for number in range(40))
    assert 10 < Counter(sides.values())["heldout"] / 3 < 30


@given(st.permutations(range(12)))
def test_the_rows_order_changes_no_side(order: list[int]) -> None:
    texts = {str(number): variant(number % 5, str(number)) for number in range(12)}
    gold = {name: "even" if int(name) % 2 else "odd" for name in texts}
    shuffled = {str(number): texts[str(number)] for number in order}
    for config in (Split(heldout=0.4), Split(heldout=0.4, stratify=True)):
        assert split(shuffled, config, gold=gold) == {
            name: found for name, found in split(texts, config, gold=gold).items() if name in shuffled
        }


def test_a_row_added_later_moves_only_what_it_joins() -> None:
    texts = {str(number): variant(number, "a") for number in range(300)}
    later = texts | {f"new {number}": variant(number, "b") for number in range(30)}
    before, after = split(texts, Split(heldout=0.5)), split(later, Split(heldout=0.5))
    moved = {name for name in texts if before[name] != after[name]}
    assert moved <= {str(number) for number in range(30)}
    assert len(moved) < 15  # a quarter of those joined, by chance: the new one decides half the time


def test_a_lone_prompt_has_the_side_of_its_group() -> None:
    texts = {str(number): variant(number, "a") for number in range(50)}
    assert split(texts, Split()) == {name: side(name, Split()) for name in texts}


@pytest.mark.parametrize("heldout", [0.2, 0.36, 0.5])
def test_stratify_holds_out_the_share_of_every_label(heldout: float) -> None:
    texts = {str(number): variant(number, "a") for number in range(500)}
    gold = {name: "rare" if int(name) % 10 == 0 else "common" for name in texts}
    sides = split(texts, Split(heldout=heldout, stratify=True), gold=gold)
    held = Counter(gold[name] for name, found in sides.items() if found == "heldout")
    assert held == {"rare": round(50 * heldout), "common": round(450 * heldout)}


def test_stratify_holds_out_of_labels_that_are_all_different_and_of_rows_without_one() -> None:
    texts = {str(number): variant(number, "a") for number in range(100)}
    gold = {str(number): f"answer {number}" for number in range(60)}
    held = [name for name, found in split(texts, Split(stratify=True), gold=gold).items() if found == "heldout"]
    assert Counter(name in gold for name in held) == {True: 12, False: 8}


def test_the_quickstarts_split_is_that_of_its_groups() -> None:
    recipe = load_recipe(Path("quickstart"))
    prompts = recipe_prompts(recipe).prompts
    rows = [{"prompt_id": prompt.id, "group": prompt.group, "gold": prompt.gold} for prompt in prompts]
    sides = sides_of(rows, {prompt.id: prompt.student_messages for prompt in prompts}, recipe.curate.split)
    assert sides == [side(prompt.group or prompt.id, recipe.curate.split) for prompt in prompts]
    assert Counter(sides) == {"train": 317, "heldout": 173}


@given(st.text(), st.integers(0, 5))
def test_split_is_the_groups_own(group: str, seed: int) -> None:
    assert side(group, Split(heldout=0.3, seed=seed)) == side(group, Split(heldout=0.3, seed=seed))
    assert side(group, Split(heldout=0.0, seed=seed)) == "train"


def test_the_held_out_share_is_about_what_was_asked() -> None:
    held = sum(side(str(number), Split(heldout=0.2)) == "heldout" for number in range(5000))
    assert 900 < held < 1100
