"""Personal identifiers and keys: what is found, what is not, and what stands in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.curate.masks import CHECKS, HINTS, IBAN_CHARS, PATTERNS, Mask
from pipeline.curate.steps.pii import Pii
from pipeline.recipe.verdict import Drop, Keep
from prompts.errors import InputError
from prompts.messages import Message
from tests.pipeline.curate.make import rule_of, sample

KEYS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "sk-proj-" + "a1B2" * 10,
    "sk-" + "x9Y8" * 12,
    "sk-ant-api03-" + "Zz_9-" * 10,
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "11ABCDEFG0" * 4,
    "xoxb-" + "123456789012-abcdefABCDEF",
    "AIza" + "SyA1234567" * 3 + "abcde",
    "sk_live_" + "a1B2" * 6,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nOgIB\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIB, cut short",
]

FOUND = [
    ("ann.o'hara+x@mail.example.co.uk", "ann.o'<EMAIL>"),
    ("<mailto:bob@example.org>", "<mailto:<EMAIL>>"),
    ("+49 171 2345678", "<PHONE>"),
    ("(415) 555-2671", "<PHONE>"),
    ("1-415-555-2671.", "<PHONE>."),
    ("DE89 3704 0044 0532 0130 00 AND MORE", "<IBAN> AND MORE"),
    ("GB82WEST12345698765432", "<IBAN>"),
    ("4111-1111-1111-1111", "<CARD>"),
    ("378282246310005", "<CARD>"),
    ("203.0.113.9:80", "<IP>:80"),
    ("2001:db8::8a2e:370:7334", "<IP>"),
    ("SSN 123-45-6789", "SSN <SSN>"),
]

NOT_FOUND = [
    "user@localhost",
    "version 1.2.3.4.5",
    "300.1.1.1",
    "127.0.0.1 and ::1 and 0.0.0.0",
    "std::vector at 12:30:45",
    "4111 1111 1111 1112",
    "order 1234567812345670",
    "DE89 3704 0044 0532 0130 01",
    "000-12-3456 and 123-00-4567 and 987-65-4321",
    "from 1999-2002, pages 100-200, 1,234,567.89",
    "task-abcdefghijklmnopqrstuvwxyz0123456789",
    "+1 2 3",
    "<EMAIL> <PHONE_2>",
    "",
    "x",
    "😀😀😀",
]


def masked(text: str) -> str:
    return Mask(Pii().kinds).apply(text)


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_identifiers_are_masked_where_they_stand(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_known_issuers_are_masked_whole(key: str) -> None:
    assert masked(f"KEY={key}") == "KEY=<KEY>"


def test_an_aws_secret_is_found_behind_its_name() -> None:
    assert masked("AWS_SECRET_ACCESS_KEY=" + "aB3/" * 10) == "AWS_SECRET_ACCESS_KEY=<KEY>"


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert masked(text) == text


def test_right_to_left_text_keeps_its_words() -> None:
    assert masked("שלח אל a@b.org תודה") == "שלח אל <EMAIL> תודה"


def test_the_same_value_has_the_same_placeholder_in_prompt_and_completion() -> None:
    one = sample("Write to a@b.org or c@d.org", "Wrote to C@D.org.", soft_labels=(("to a@b.org", 1.0),))
    [verdict] = rule_of(Pii())([one])
    assert isinstance(verdict, Keep)
    assert verdict.sample.student_messages == (Message("user", "Write to <EMAIL> or <EMAIL_2>"),)
    assert verdict.sample.completion == "Wrote to <EMAIL_2>."
    assert verdict.sample.soft_labels == (("to <EMAIL>", 1.0),)
    assert verdict.sample.reply == "Wrote to C@D.org."  # what was received is a fact


def test_a_placeholder_that_stood_there_stands_for_nobody_else() -> None:
    [verdict] = rule_of(Pii())([sample("Dear <EMAIL>", "I am a@b.org")])
    assert isinstance(verdict, Keep)
    assert verdict.sample.completion == "I am <EMAIL_2>"


def test_drop_says_what_was_found_and_how_much() -> None:
    [verdict, clean] = rule_of(Pii(action="drop"))([sample("a@b.org", "203.0.113.9"), sample("hello")])
    assert verdict == Drop("email", 2)
    assert isinstance(clean, Keep)


def test_only_the_kinds_that_are_asked_for() -> None:
    assert Mask(["ip"]).apply("a@b.org 203.0.113.9") == "a@b.org <IP>"


@given(
    st.lists(st.sampled_from([*(text for text, _ in FOUND), *NOT_FOUND, *KEYS, " ", ", ", "<", "7", "-"]), max_size=9)
)
def test_masking_twice_is_masking_once(parts: list[str]) -> None:
    [first] = rule_of(Pii())([sample("".join(parts), " ".join(parts))])
    assert isinstance(first, Keep)
    assert rule_of(Pii())([first.sample]) == [first]


@given(st.text())
def test_any_text_is_left_or_masked_and_never_an_error(text: str) -> None:
    assert masked(masked(text)) == masked(text)


def test_the_rows_order_does_not_matter() -> None:
    rows = [sample(text, sample_id=text) for text, _ in FOUND]
    assert rule_of(Pii())(rows)[::-1] == rule_of(Pii())(rows[::-1])


def test_a_megabyte_is_read_once() -> None:
    for text in ("a" * 10**6, "1 " * 500_000, "a@" * 500_000, "ab:" * 300_000, "-----BEGIN " * 90_000):
        assert masked(text) == text


def test_the_registry_has_its_shortest_and_longest() -> None:
    assert (min(IBAN_CHARS.values()), max(IBAN_CHARS.values())) == (IBAN_CHARS["NO"], IBAN_CHARS["LC"]) == (15, 32)


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


@given(st.sampled_from(sorted(PATTERNS)), st.text(alphabet="019+-. :()aFZ@_sk", max_size=60))
def test_what_a_pattern_finds_has_its_hint(kind: str, text: str) -> None:
    assert HINTS[kind](text) or not any(CHECKS[kind](match[0]) for match in PATTERNS[kind].finditer(text))


@pytest.mark.parametrize("kind", sorted(PATTERNS))
@settings(max_examples=30)
@given(data=st.data())
def test_whatever_matches_has_its_hint(kind: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(PATTERNS[kind]))
    assert HINTS[kind](text) or not any(CHECKS[kind](match[0]) for match in PATTERNS[kind].finditer(text))
