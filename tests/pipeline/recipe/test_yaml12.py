"""YAML as a recipe is written, and where a field stands."""

from __future__ import annotations

import pytest
import yaml

from pipeline.recipe.yaml12 import WordsLoader, line_of

TEXT = """\
name: small
curate:
  steps:
  - step: exact
  - step: near
    on: reply
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [("on", "on"), ("no", "no"), ("Yes", "Yes"), ("true", True), ("False", False), ("'true'", "true"), ("7", 7)],
)
def test_true_and_false_alone_are_booleans(text: str, value: object) -> None:
    assert yaml.load(text, WordsLoader) == value


def test_other_loaders_keep_their_words() -> None:
    assert yaml.safe_load("on") is True


@pytest.mark.parametrize(
    ("loc", "line"),
    [
        ([], 1),
        (["name"], 1),
        (["curate", "steps", 1], 5),
        (["curate", "steps", 1, "on"], 6),
        (["curate", "steps", 1, "threshold"], 5),
        (["curate", "steps", 7], 3),
        (["student", "base"], 1),
    ],
)
def test_the_line_is_that_of_the_deepest_node_there_is(loc: list[int | str], line: int) -> None:
    assert line_of(yaml.compose(TEXT, Loader=WordsLoader), loc) == line


def test_an_empty_file_has_no_lines() -> None:
    assert line_of(None, ["name"]) is None
