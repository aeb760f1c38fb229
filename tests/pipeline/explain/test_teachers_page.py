"""docs/teachers.md: every snippet loads, every field is explained, every spec is one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from pipeline.inference.terms import check_terms
from pipeline.recipe.load import load_recipe
from pipeline.recipe.recipe import Recipe
from pipeline.recipe.teachers import BatchEntry, Combine, PriceEntry, Rescore, TeacherEntry
from teachers.capabilities import capabilities_of
from teachers.catalog import providers
from teachers.spec import Spec
from teachers.terms import PURPOSES, rule_of
from tests.pipeline.helpers import ROOT, write_recipe

PAGE = (ROOT / "docs" / "teachers.md").read_text(encoding="utf-8")
SNIPPETS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
NAMES = [provider.name for provider in providers()]
SPECS = re.findall(rf"`((?:{'|'.join(NAMES)}):[^`]+)`", PAGE)


def load(folder: Path, snippet: dict[str, Any]) -> Recipe:
    return load_recipe(write_recipe(folder, **snippet))


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_every_snippet_is_a_part_of_a_recipe_that_loads(tmp_path: Path, snippet: dict[str, Any]) -> None:
    recipe = load(tmp_path, snippet)
    check_terms(recipe)
    for spec in recipe.specs:
        assert capabilities_of(spec).source


def test_the_override_of_the_page_overrides_something(tmp_path: Path) -> None:
    snippet = next(snippet for snippet in SNIPPETS if "override_terms" in snippet)
    said = check_terms(load(tmp_path, snippet))
    assert len(said) == 1
    assert said[0].startswith("terms: you override anthropic")


def test_every_field_of_a_teacher_is_on_the_page() -> None:
    for section in (TeacherEntry, PriceEntry, BatchEntry, Combine, Rescore):
        for field in section.model_fields:
            assert re.search(rf"\b{field}\b", PAGE), f"{section.__name__}.{field}"


def test_every_way_to_combine_and_every_purpose_is_on_the_page() -> None:
    ways = {snippet["combine"]["how"] for snippet in SNIPPETS if "combine" in snippet}
    assert ways == set(get_args(Combine.model_fields["how"].annotation))
    for purpose, meaning in PURPOSES.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{purpose}` |"))
        assert meaning in row


def test_every_spec_of_the_page_is_one_and_every_provider_has_one() -> None:
    parsed = [Spec.parse(text) for text in SPECS]
    assert {spec.provider for spec in parsed} == set(NAMES)
    assert rule_of(Spec.parse("huggingface:owner/name")) is None
