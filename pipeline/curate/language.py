"""Which language a text is in, told offline by py3langid (4.5 MB, about 80 MB in memory once it is asked)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from prompts.errors import InputError, MissingExtra

CHARS = 2000
"""Read of each text: enough to be sure, and the identifier's confidence falls again where a text goes on and on."""

Identify = Callable[[str], tuple[str, float]]


def identifier(asked: Iterable[str], field: str) -> Identify:
    """Makes a function from a text to its language and the confidence in it, from 0 to 1.

    It knows the languages of two-letter codes, and those of `asked`: the identifier's dialects (ary, arz, wuu, pcm)
    would otherwise take votes from the language that is meant. InputError for a code that it does not know.
    """
    return _identifier(frozenset(asked), field)


@lru_cache(4)  # a model is loaded in a quarter of a second, and the same recipe asks several times
def _identifier(asked: frozenset[str], field: str) -> Identify:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingExtra("Telling languages apart", "curate") from error
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = set(model.labels)
    if unknown := asked - known:
        raise InputError(
            f"no such language: {', '.join(sorted(unknown))}", field=field, remedy=f"Known: {' '.join(sorted(known))}"
        )
    # Its languages of three letters are dialects, which take votes from the language that is meant.
    model.set_languages(asked | {code for code in known if len(code) == 2})

    def identify(text: str) -> tuple[str, float]:
        language, confidence = model.classify(text[:CHARS])
        return str(language), float(confidence)

    return identify
