"""Which language a text is in."""

from __future__ import annotations

import pytest

from pipeline.curate.language import CHARS, identifier
from prompts.errors import InputError

TEXTS = {
    "en": "The mail was sent to everyone on the list, and nobody has answered it yet.",
    "de": "Die Nachricht ging an alle auf der Liste, und noch hat niemand darauf geantwortet.",
    "fr": "Le message a été envoyé à toute la liste, et personne n'y a encore répondu.",
    "ru": "Письмо было отправлено всем по списку, и пока никто на него не ответил.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_is_told_with_confidence(language: str) -> None:
    name, confidence = identifier(["en"], "f")(TEXTS[language])
    assert name == language
    assert 0.8 < confidence <= 1


def test_a_long_text_is_told_by_its_beginning() -> None:
    identify = identifier(["en"], "f")
    beginning = (TEXTS["en"] + " ") * 40
    assert len(beginning) > CHARS
    assert identify(beginning + TEXTS["ru"] * 100) == identify(beginning)


def test_a_code_that_is_no_language_is_named() -> None:
    with pytest.raises(InputError, match=r"f.*no such language: xx, yy"):
        identifier(["yy", "en", "xx"], "f")
