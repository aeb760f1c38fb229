"""Names that presidio's model finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.curate.steps.pii import Pii
from pipeline.recipe.verdict import Keep
from prompts.errors import InputError
from tests.pipeline.curate.make import rule_of, sample


@pytest.fixture(scope="module")
def namer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spaCy model that knows one name: real, small, and ours."""
    spacy: Any = pytest.importorskip("spacy")
    folder = tmp_path_factory.mktemp("namer")
    model = spacy.blank("en")
    model.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Ada Lovelace"}])
    model.to_disk(folder)
    return folder


@pytest.mark.slow  # importing spaCy and presidio takes 8 s
def test_presidio_masks_the_names_its_model_finds(namer: Path) -> None:
    [verdict] = rule_of(Pii(presidio=str(namer)))([sample("I am Ada Lovelace, a@b.org", "Hello Ada Lovelace")])
    assert isinstance(verdict, Keep)
    assert verdict.sample.student_messages[0].content == "I am <PERSON>, <EMAIL>"
    assert verdict.sample.completion == "Hello <PERSON>"


@pytest.mark.slow
def test_a_missing_model_is_named() -> None:
    pytest.importorskip("presidio_analyzer")
    with pytest.raises(InputError, match="no spaCy model 'none'"):
        rule_of(Pii(presidio="none"))
