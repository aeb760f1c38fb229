"""Names of people and places, found by presidio with a spaCy model: the extra `pii`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prompts.errors import InputError, MissingExtra

ENTITIES = ("PERSON", "LOCATION", "NRP")
"""What only a model can find; the rest has a pattern, which `pii.py` checks harder than presidio does."""

LEAST_SCORE = 0.5


def named_entities(model: str) -> Callable[[str], Sequence[tuple[int, int, str]]]:
    """Makes a function from a text to its names: start, end, kind. InputError where the model is not there."""
    try:
        from presidio_analyzer import AnalyzerEngine
        from presidio_analyzer.nlp_engine import NlpEngineProvider
    except ImportError as error:
        raise MissingExtra("the step pii with presidio", "pii") from error
    try:
        import spacy

        language = spacy.load(model).lang
        described = {"nlp_engine_name": "spacy", "models": [{"lang_code": language, "model_name": model}]}
        engine = AnalyzerEngine(
            nlp_engine=NlpEngineProvider(nlp_configuration=described).create_engine(), supported_languages=[language]
        )
    except OSError as error:
        raise InputError(
            f"no spaCy model '{model}'", field="curate.steps.pii.presidio", remedy="Install it, or give its folder"
        ) from error

    def find(text: str) -> list[tuple[int, int, str]]:
        results = engine.analyze(text, language, entities=list(ENTITIES), score_threshold=LEAST_SCORE)
        names: list[tuple[int, int, str]] = []
        last = 0
        for result in sorted(results, key=lambda result: (result.start, -result.end)):
            if result.start >= last:  # of names that overlap, the one that begins first
                names.append((result.start, result.end, result.entity_type.lower()))
                last = result.end
        return names

    return find
