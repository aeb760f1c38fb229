"""Format: each check's verdicts, and how a choice is written."""

from __future__ import annotations

import pytest

from pipeline.curate.steps.format import Format
from pipeline.recipe.verdict import Keep
from prompts.errors import InputError
from tests.pipeline.curate.make import reason, rule_of, sample

LABELS = ["spam", "ham"]


@pytest.mark.parametrize(
    ("config", "completion", "expected"),
    [
        (Format(), "  ", "too_short"),
        (Format(max_chars=3), "four", "too_long"),
        (Format(choices=LABELS), " **Spam**.\n", "kept"),
        (Format(choices=LABELS), "not spam", "not_a_choice"),
        (Format(regex=r"\d+"), "12", "kept"),
        (Format(regex=r"\d+"), "12 apples", "no_match"),
        (Format(json_schema={"type": "object", "required": ["a"]}), '{"a": 1}', "kept"),
        (Format(json_schema={"type": "object", "required": ["a"]}), "{}", "schema"),
        (Format(json_schema={"type": "object"}), "{", "not_json"),
        (Format(json_schema={"type": "array"}), "[" * 100_000, "not_json"),
    ],
)
def test_length_choices_pattern_and_schema(config: Format, completion: str, expected: str) -> None:
    assert reason(rule_of(config)([sample(completion=completion)])[0]) == expected


def test_format_writes_a_choice_as_the_recipe_does() -> None:
    [verdict] = rule_of(Format(choices=LABELS))([sample(completion="HAM!")])
    assert isinstance(verdict, Keep)
    assert (verdict.sample.completion, verdict.sample.reply) == ("ham", "HAM!")


@pytest.mark.parametrize(
    "config", [Format(regex="("), Format(json_schema={"type": "nonsense"}), Format(choices=["C", "C++"])]
)
def test_bad_format_settings_name_their_field(config: Format) -> None:
    with pytest.raises(InputError, match=r"curate\.steps\.format"):
        rule_of(config)


@pytest.mark.parametrize(
    ("config", "text", "expected"),
    [
        (Format(min_words=3), "one, two", "too_few_words"),
        (Format(max_words=3), "one two three four", "too_many_words"),
        (Format(max_words=3), "天气很好", "too_many_words"),
        (Format(languages=["en"]), "Das ist ein kurzer Satz auf Deutsch.", "language"),
        (Format(languages=["en", "de"]), "Das ist ein kurzer Satz auf Deutsch.", "kept"),
        (Format(languages=["ar"]), "مرحبا كيف حالك اليوم", "kept"),
        (Format(languages=["en"]), "שלום לכולם מה שלומכם", "language"),
        (Format(languages=["en"]), "spam", "kept"),
        (Format(languages=["en"], language_certainty=1), "Das ist ein kurzer Satz auf Deutsch.", "kept"),
        (Format(closed_fences=True), "```python\nprint()", "open_fence"),
        (Format(closed_fences=True), "```python\nprint()\n```", "kept"),
    ],
)
def test_words_languages_and_fences(config: Format, text: str, expected: str) -> None:
    [verdict] = rule_of(config)([sample(completion=text)])
    assert reason(verdict) == expected


def test_an_unknown_language_names_its_field() -> None:
    with pytest.raises(InputError, match=r"curate\.steps\.format\.languages.*no such language: english"):
        rule_of(Format(languages=["english"]))
