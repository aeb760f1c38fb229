"""Names of people and places, found by presidio with a spaCy model: the extra `pii`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from prompts.errors import InputError, MissingExtra

if TYPE_CHECKING:  # of an extra
    from presidio_analyzer import AnalyzerEngine

ENTITIES = ("PERSON", "LOCATION", "NRP")
"""What only a model can find; the rest has a pattern, which `pii.py` checks harder than presidio does."""

LEAST_SCORE = 0.5
"""Presidio's own confidence, from 0 to 1, from which on it is believed."""

Name = tuple[int, int, str]
"""Where it starts and ends in the text, and its kind."""


def named_entities(model: str) -> Callable[[str], Sequence[Name]]:
    """Makes a function from a text to its names. InputError where the model is not there."""
    engine, language = _engine(model)

    def find(text: str) -> list[Name]:
        results = engine.analyze(text, language, entities=list(ENTITIES), score_threshold=LEAST_SCORE)
        names: list[Name] = []
        last = 0
        for result in sorted(results, key=lambda result: (result.start, -result.end)):
            if result.start >= last:  # of names that overlap, the one that begins first
                names.append((result.start, result.end, result.entity_type.lower()))
                last = result.end
        return names

    return find


def _engine(model: str) -> tuple[AnalyzerEngine, str]:
    """Loads the model; returns presidio's engine and the model's language."""
    try:
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError as error:
        raise MissingExtra("the step pii with presidio", "pii") from error
    try:
        import spacy

        # Asked of the model: presidio must be told, and takes English for granted.
        language = spacy.load(model).lang
        described = {"nlp_engine_name": "spacy", "models": [{"lang_code": language, "model_name": model}]}
        nlp_engine = NlpEngineProvider(nlp_configuration=described).create_engine()
        return AnalyzerEngine(nlp_engine=nlp_engine, supported_languages=[language]), language
    except OSError as error:
        raise InputError(
            f"no spaCy model '{model}'", field="curate.steps.pii.presidio", remedy="Install it, or give its folder"
        ) from error
