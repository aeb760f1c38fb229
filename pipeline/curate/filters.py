"""Steps that look at one sample at a time: outcome and format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from pipeline.curate.language import Identify, identifier
from pipeline.curate.step import Drop, Keep, Rule, Sample, Verdict, each
from pipeline.recipe.curate import Format
from prompts.errors import InputError
from prompts.fences import is_balanced
from prompts.labels import Labels
from prompts.words import words

Check = Callable[[Sample], Verdict]


def outcome() -> Rule:
    """Keeps whole answers."""
    return each(lambda sample: Keep(sample) if sample.outcome == "ok" else Drop(sample.outcome))


def form(config: Format) -> Rule:
    """Keeps replies that pass every check the recipe names; the first that fails is the reason."""
    checks: list[Check] = [partial(_length, config.min_chars, config.max_chars)]
    if config.min_words or config.max_words is not None:
        checks.append(partial(_words, config.min_words, config.max_words))
    if config.closed_fences:
        checks.append(_fences)
    if config.choices is not None:
        checks.append(partial(_choice, _labels(config.choices)))
    if config.regex is not None:
        checks.append(partial(_regex, _compiled(config.regex)))
    if config.json_schema is not None:
        checks.append(partial(_json, _validator(config.json_schema)))
    if config.languages:
        identify = identifier(config.languages, "curate.steps.format.languages")
        checks.append(partial(_language, identify, config))
    return each(partial(_all, checks))


def _all(checks: list[Check], sample: Sample) -> Verdict:
    for check in checks:
        verdict = check(sample)
        if isinstance(verdict, Drop):
            return verdict
        sample = verdict.sample
    return Keep(sample)


def _length(least: int, most: int | None, sample: Sample) -> Verdict:
    chars = len(sample.completion.strip())
    if chars < least:
        return Drop("too_short", chars)
    if most is not None and chars > most:
        return Drop("too_long", chars)
    return Keep(sample)


def _words(least: int, most: int | None, sample: Sample) -> Verdict:
    count = len(words(sample.completion))
    if count < least:
        return Drop("too_few_words", count)
    if most is not None and count > most:
        return Drop("too_many_words", count)
    return Keep(sample)


def _fences(sample: Sample) -> Verdict:
    return Keep(sample) if is_balanced(sample.completion) else Drop("open_fence")


def _language(identify: Identify, config: Format, sample: Sample) -> Verdict:
    language, certainty = identify(sample.completion)
    if language in config.languages or certainty < config.language_certainty:
        return Keep(sample)
    return Drop("language", certainty, detail=language)


def _choice(choices: Labels, sample: Sample) -> Verdict:
    choice = choices.read(sample.completion)
    return Drop("not_a_choice") if choice is None else Keep(replace(sample, completion=choice))


def _regex(pattern: re.Pattern[str], sample: Sample) -> Verdict:
    return Keep(sample) if pattern.fullmatch(sample.completion.strip()) else Drop("no_match")


def _json(validator: Draft202012Validator, sample: Sample) -> Verdict:
    try:
        value = json.loads(sample.completion)
    except (ValueError, RecursionError):  # a number of too many digits, a nest too deep
        return Drop("not_json")
    return Keep(sample) if validator.is_valid(value) else Drop("schema")


def _labels(choices: list[str]) -> Labels:
    labels = Labels(choices)
    if not labels.differ:
        raise InputError(
            f"{choices} do not differ in their letters and digits",
            field="curate.steps.format.choices",
            remedy="Case and outer punctuation are ignored: choose words, or use a regex",
        )
    return labels


def _compiled(regex: str) -> re.Pattern[str]:
    try:
        return re.compile(regex, re.DOTALL)
    except re.error as error:
        raise InputError(f"is not a regular expression: {error}", field="curate.steps.format.regex") from error


def _validator(schema: dict[str, object]) -> Draft202012Validator:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InputError(f"is not a JSON schema: {error.message}", field="curate.steps.format.json_schema") from error
    return Draft202012Validator(schema)
