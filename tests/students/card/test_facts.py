from __future__ import annotations

from pathlib import Path

from students.card.facts import CardFacts, read_teachers
from students.card.write import model_card
from students.config import StudentConfig
from students.result import TrainResult


def test_a_corpus_that_does_not_name_its_teachers_is_said_to(
    config: StudentConfig, corpus: Path, result: TrainResult
) -> None:
    assert read_teachers(corpus) == ()
    card = model_card(CardFacts(config, "digest", result, read_teachers(corpus)))
    assert "The corpus does not say who its teachers were." in card
    assert "Made for: not said." in card
