"""Evaluation texts, and how much of them train rows repeat: what `decontaminate` decides by."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.curate.folded import folded
from pipeline.curate.ngrams import BATCH_BYTES, COMMON_ROWS, EDGE, VOID, Index, Text, distinct
from pipeline.curate.repeats import has_words, stands_alone
from pipeline.recipe.verdict import Sample
from prompts.errors import InputError
from prompts.sources.lines import numbered_lines
from prompts.sources.rows import read_rows

HELDOUT = 0  # the source of the run's own rows


def read_evaluations(paths: Sequence[Path]) -> list[Text]:
    """Reads every text of every row of some files, a file's rows as one source; InputError names file and line."""
    texts: list[Text] = []
    for source, path in enumerate(paths, start=HELDOUT + 1):
        for row, text in _texts_of(path):
            texts.append(Text(source, row, folded(text), bounded=False))
    return texts


def shares_repeated(
    samples: Sequence[Sample], *, overlap: float, heldout: bool, against: Sequence[Text]
) -> list[float]:
    """Measures the largest share of an evaluation text that each train sample repeats; 0 for held-out samples.

    It is 0 too where that is less than `overlap`. The share is of the text's own word 4-grams: those of many evaluation
    rows (the template's) do not count. Evaluation texts are the held-out prompts, where `heldout`, and `against`.
    """
    own = _heldout_texts(samples) if heldout else []
    # Nothing repeats a text without a word, and everything would.
    texts = [text for text in (*own, *against) if text.words.strip()]
    train = [sample for sample in samples if sample.split == "train"]
    if not texts or not train:
        return [0.0] * len(samples)
    # With so few held-out rows none of the template's n-grams can come in COMMON_ROWS of them.
    ignore = _in_every_prompt(samples) if 0 < len(own) < COMMON_ROWS else ()
    shares = _shares(Index(texts, overlap=overlap, ignore=ignore), texts, train)
    return [next(shares) if sample.split == "train" else 0.0 for sample in samples]


def _texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the line of each row and one of its texts, the texts of a row in turn."""
    seen: set[str] = set()
    for line, values in _rows(path):
        texts = list(_strings(values))
        whole = "\0".join(texts)
        if whole in seen:
            continue  # a row that comes again is not many rows with the same words
        seen.add(whole)
        for text in texts:
            yield line, text


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    if path.suffix.lower() == ".txt":
        yield from _lines(path)
        return
    for row in read_rows(path):
        yield row.line, row.values


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in numbered_lines(path):
        try:
            # Windows' editors begin a file with a byte-order mark.
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"is not UTF-8: {error.reason}", path=path, line=number) from error


def _strings(value: Any) -> Iterator[str]:
    """Yields every text in a row's values, however deep: questions, choices, messages."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _heldout_texts(samples: Sequence[Sample]) -> list[Text]:
    """Returns the held-out prompts, each once.

    They have the template of the train ones, so a short one has its edges too.
    """
    prompts = {sample.prompt_id: sample for sample in samples if sample.split == "heldout"}
    distinct_prompts = dict.fromkeys(_prompt(sample) for sample in prompts.values())
    return [Text(HELDOUT, row, words, bounded=True) for row, words in enumerate(distinct_prompts)]


def _prompt(sample: Sample) -> bytes:
    """Joins its turns but the system's: an instruction is nobody's own, however few held-out rows have it."""
    return EDGE.join(folded(turn.content) for turn in sample.student_messages if turn.role != "system")


def _in_every_prompt(samples: Sequence[Sample]) -> frozenset[int]:
    """Returns the template's n-grams where held-out rows are too few to tell: those of all prompts, train ones too."""
    shared: frozenset[int] | None = None
    for sample in samples:
        grams = frozenset(distinct(EDGE + _prompt(sample) + EDGE).tolist())
        shared = grams if shared is None else shared & grams
        if not shared:
            break  # no later prompt can bring back what one prompt lacks
    return shared or frozenset()


def _shares(index: Index, texts: Sequence[Text], samples: Sequence[Sample]) -> Iterator[float]:
    """Yields the largest share of an evaluation text that each sample repeats, 0 where that is not enough."""
    batch: list[bytes] = []
    first = size = 0
    for number, sample in enumerate(samples, start=1):
        batch.append(b"".join((EDGE, _prompt(sample), EDGE, VOID, folded(sample.completion), VOID)))
        size += len(batch[-1])
        if size >= BATCH_BYTES or number == len(samples):
            yield from _largest(index, texts, batch, samples[first:number]).tolist()
            batch, first, size = [], number, 0


def _largest(
    index: Index, texts: Sequence[Text], documents: Sequence[bytes], samples: Sequence[Sample]
) -> NDArray[np.float64]:
    best = np.zeros(len(documents))
    document, text, share = index.repeats(documents)
    # What is long is decided by its n-grams alone.
    short = index.is_short(text)
    np.maximum.at(best, document[~short], share[~short])
    # Few come here, so that Python may look at their words one by one.
    for at, which, repeated in zip(document[short].tolist(), text[short].tolist(), share[short].tolist(), strict=True):
        if repeated > best[at] and _is_repeated(index, which, texts[which], documents[at], samples[at]):
            best[at] = repeated
    return best


def _is_repeated(index: Index, which: int, text: Text, document: bytes, sample: Sample) -> bool:
    """Decides what n-grams cannot tell of a short text, in a document that has enough of them."""
    own = index.own_words(which)
    if own is None:
        return text.bounded or stands_alone(_letters(sample), text.words)
    return has_words(document.split(), text.words.split(), own)


def _letters(sample: Sample) -> list[str]:
    turns = [*(turn.content for turn in sample.student_messages if turn.role != "system"), sample.completion]
    return [unicodedata.normalize("NFKC", turn).casefold() for turn in turns]
