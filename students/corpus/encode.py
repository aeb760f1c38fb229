"""Conversations as token ids, with labels on the answer alone.

Shapes: T is the tokens of one row. `labels[t]` is `input_ids[t]` on the completion and IGNORED on the prompt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from prompts.errors import InputError
from prompts.messages import MessageDict
from students.corpus.data import TrainingRow

IGNORED = -100
"""The label that cross-entropy skips, in torch and transformers alike."""


@dataclass(slots=True, frozen=True)
class Encoded:
    """Rows that fit. rows given = len(rows) + too_long."""

    rows: list[dict[str, list[int]]]
    """`input_ids` and `labels`, both of length T."""
    too_long: int
    names: tuple[str, ...] = ()
    """What messages call each of `rows`."""


def load_tokenizer(base: str) -> Any:
    """The base's tokenizer; InputError where it has no chat template or end-of-text token to learn."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)  # nor does a tokenizer bring code
    except (OSError, ValueError) as error:
        raise InputError(f"its tokenizer cannot be loaded: {error}", path=base, field="student.base") from error
    if not tokenizer.chat_template:
        raise InputError("has no chat template", path=base, field="student.base", remedy="Use an instruct model")
    if tokenizer.eos_token_id is None:
        raise InputError("its tokenizer has no end-of-text token", path=base, field="student.base")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token  # never read: padding is masked
    return tokenizer


def encode(rows: Iterable[TrainingRow], tokenizer: Any, max_length: int) -> Encoded:
    """Encodes every row; those longer than `max_length` tokens are counted and left out."""
    fitting: list[dict[str, list[int]]] = []
    names: list[str] = []
    too_long = 0
    for row in rows:
        encoded = encode_row(row, tokenizer)
        if len(encoded["input_ids"]) > max_length:
            too_long += 1
            continue
        fitting.append(encoded)
        names.append(row.name)
    return Encoded(fitting, too_long, tuple(names))


def encode_row(row: TrainingRow, tokenizer: Any) -> dict[str, list[int]]:
    """One row through the base's chat template, ending in the token that ends an answer.

    The completion begins where the whole conversation and the prompt with its generation header diverge.
    """
    header = row_header(row, tokenizer)
    whole = _end(_ids(tokenizer, [*row.prompt, *row.completion]), tokenizer)
    shared = 0
    for expected, token in zip(header, whole, strict=False):
        if expected != token:
            break
        shared += 1
    return {"input_ids": whole, "labels": [IGNORED] * shared + whole[shared:]}


def row_header(row: TrainingRow, tokenizer: Any) -> list[int]:
    """Encodes what a student is asked: the prompt, and the head of the answer that it is to write."""
    return _ids(tokenizer, row.prompt, add_generation_prompt=True)


def _ids(tokenizer: Any, messages: list[MessageDict], **options: bool) -> list[int]:
    ids: list[int] = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **options)["input_ids"]
    return ids


def _end(ids: list[int], tokenizer: Any) -> list[int]:
    # Templates write a line break after the end of a turn. Nobody reads it when the student answers, so it is not
    # taught; a template without the end token gets one, or the student would never stop.
    eos = tokenizer.eos_token_id
    tail = list(takewhile(lambda token: token != eos, reversed(ids)))
    body = ids[: len(ids) - len(tail)]
    if not body or tokenizer.decode(tail).strip():
        return [*ids, eos]
    return body
