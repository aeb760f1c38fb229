"""Masks: what is an identifier, what only looks like one, and what stands in its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.curate.masks import CHECKS, HINTS, IBAN_CHARS, PATTERNS, Mask
from tests.pipeline.curate.make_pii import FOUND, NOT_FOUND, masked


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_identifiers_are_masked_where_they_stand(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert masked(text) == text


def test_right_to_left_text_keeps_its_words() -> None:
    assert masked("שלח אל a@b.org תודה") == "שלח אל <EMAIL> תודה"


def test_only_the_kinds_that_are_asked_for() -> None:
    assert Mask(["ip"]).apply("a@b.org 203.0.113.9") == "a@b.org <IP>"


@given(st.text())
def test_any_text_is_left_or_masked_and_never_an_error(text: str) -> None:
    assert masked(masked(text)) == masked(text)


def test_a_megabyte_is_read_once() -> None:
    for text in ("a" * 10**6, "1 " * 500_000, "a@" * 500_000, "ab:" * 300_000, "-----BEGIN " * 90_000):
        assert masked(text) == text


def test_the_registry_has_its_shortest_and_longest() -> None:
    assert (min(IBAN_CHARS.values()), max(IBAN_CHARS.values())) == (IBAN_CHARS["NO"], IBAN_CHARS["LC"]) == (15, 32)


@given(st.sampled_from(sorted(PATTERNS)), st.text(alphabet="019+-. :()aFZ@_sk", max_size=60))
def test_what_a_pattern_finds_has_its_hint(kind: str, text: str) -> None:
    assert HINTS[kind](text) or not any(CHECKS[kind](match[0]) for match in PATTERNS[kind].finditer(text))


@pytest.mark.parametrize("kind", sorted(PATTERNS))
@settings(max_examples=30)
@given(data=st.data())
def test_whatever_matches_has_its_hint(kind: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(PATTERNS[kind]))
    assert HINTS[kind](text) or not any(CHECKS[kind](match[0]) for match in PATTERNS[kind].finditer(text))
