"""Format: length, words, fences, choices, a pattern, a schema, the language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from pipeline.recipe.step import Rewrite, Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict, each
from prompts.errors import InputError
from prompts.fences import is_balanced
from prompts.labels import Labels
from prompts.words import words

if TYPE_CHECKING:  # loaded when a rule is made
    from jsonschema import Draft202012Validator

    from pipeline.curate.language import Identify

Check = Callable[[Sample], Verdict]


class Format(Step):
    """Drops replies without the required form."""

    step: Literal["format"] = "format"
    choices: list[str] | None = None
    """The whole reply, case and outer punctuation aside, must be one of these; it is rewritten as written here."""
    regex: str | None = None
    """The whole reply must match this pattern."""
    json_schema: dict[str, object] | None = None
    """The reply must be JSON that satisfies this schema."""
    min_chars: int = Field(1, ge=0)
    """Shortest reply kept, in characters after trimming."""
    max_chars: int | None = Field(None, ge=1)
    """Longest reply kept, in characters after trimming."""
    min_words: int = Field(0, ge=0)
    """Fewest words kept: runs of letters and digits; a Chinese or Japanese character is a word."""
    max_words: int | None = Field(None, ge=1)
    """Most words kept."""
    languages: list[str] = Field(default_factory=list)
    """Codes (en, de, zh) of the languages that replies may be in; none allows all. Needs the extra `curate`."""
    language_certainty: float = Field(0.5, gt=0, le=1)
    """How sure the identifier must be of another language to drop a reply: short replies and code stay."""
    closed_fences: bool = False
    """Whether every code fence must be closed."""

    reads_reply_alone: ClassVar[bool] = True

    def rule(self, tools: Tools) -> Rule:
        """Runs every check that the settings name; the first that fails is the reason."""
        return each(partial(_first_failure, _checks(self)))

    @property
    def rewrites(self) -> bool:
        """Writes a reply as the recipe writes that choice."""
        return self.choices is not None

    def rewriter(self) -> Rewrite:
        """Writes a choice as the recipe does. A text that is no choice stays as it came.

        Its form is then one more way in which it is worse than the reply it is compared with.
        """
        return partial(_as_choice, _labels(self.choices or []))

    @property
    def labels_known(self) -> Sequence[str]:
        """The choices."""
        return self.choices or ()

    @property
    def reply_languages(self) -> Sequence[str]:
        """Those that replies may be in."""
        return self.languages


def _checks(config: Format) -> list[Check]:
    """Returns the checks that the settings name, the cheap ones first."""
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
        from pipeline.curate.language import identifier

        identify = identifier(config.languages, "curate.steps.format.languages")
        checks.append(partial(_language, identify, config))
    return checks


def _first_failure(checks: list[Check], sample: Sample) -> Verdict:
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
    if is_balanced(sample.completion):
        return Keep(sample)
    return Drop("open_fence")


def _language(identify: Identify, config: Format, sample: Sample) -> Verdict:
    language, certainty = identify(sample.completion)
    if language in config.languages or certainty < config.language_certainty:
        return Keep(sample)
    return Drop("language", certainty, detail=language)


def _choice(choices: Labels, sample: Sample) -> Verdict:
    choice = choices.read(sample.completion)
    if choice is None:
        return Drop("not_a_choice")
    return Keep(replace(sample, completion=choice))


def _as_choice(choices: Labels, sample: Sample) -> Sample:
    choice = choices.read(sample.completion)
    if choice is None:
        return sample
    return replace(sample, completion=choice)


def _regex(pattern: re.Pattern[str], sample: Sample) -> Verdict:
    if pattern.fullmatch(sample.completion.strip()):
        return Keep(sample)
    return Drop("no_match")


def _json(validator: Draft202012Validator, sample: Sample) -> Verdict:
    try:
        value = json.loads(sample.completion)
    except (ValueError, RecursionError):  # a number of too many digits, a nest too deep
        return Drop("not_json")
    if validator.is_valid(value):
        return Keep(sample)
    return Drop("schema")


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
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InputError(f"is not a JSON schema: {error.message}", field="curate.steps.format.json_schema") from error
    return Draft202012Validator(schema)


STEP = Format
