"""A student without the tokens that its corpus never uses: its tokenizer, its embedding and its head."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prompts.errors import InputError, StillhouseError
from students.corpus.data import TrainingRow, read_rows
from students.corpus.encode import encode_row, load_tokenizer, row_header
from students.job import Job
from students.method import find_method
from students.shrink.bpe import closure, prune, unfit

FIELD = "student.shrink.vocabulary"
TOKEN_FIELD = re.compile(r"_token_ids?$|_token_index$")
"""The settings of a model and of its generation that are ids, or lists of them."""


def used_ids(job: Job, tokenizer: Any) -> set[int]:
    """Collects every token of the train split: prompts, answers, and what the method teaches beside them.

    The held-out rows have no say: they are to show what an unseen text loses by it.
    """
    used: set[int] = set()
    for row in read_rows(job.corpus):
        used.update(row_ids(row, tokenizer))
    used.update(find_method(job.config.method).tokens_beside(job, tokenizer))
    return used


def row_ids(row: TrainingRow, tokenizer: Any) -> list[int]:
    """A row as it is learnt from, and the head of the answer as the student will be asked for it."""
    return [*encode_row(row, tokenizer)["input_ids"], *row_header(row, tokenizer)]


def trim(model: Any, tokenizer: Any, used: Iterable[int], base: str) -> tuple[dict[str, Any], list[int]]:
    """Keeps the rows of `used` and of what they need in the model, in place.

    Returns the smaller tokenizer.json and the base's ids of the tokens it has, in the order of the new ids. Raises
    InputError for a tokenizer that is no byte-level BPE, or a model with another table by token.
    """
    whole = json.loads(tokenizer.backend_tokenizer.to_str())
    reason = unfit(whole)
    if reason is not None:
        remedy = "A vocabulary can be trimmed where it is byte-level BPE, such as SmolLM2's, Qwen's or Llama 3's"
        raise InputError(f"cannot be trimmed: {reason}", path=base, field=FIELD, remedy=remedy)
    ids = {*used, *_settings_ids(model, len(tokenizer)), *tokenizer.all_special_ids}
    kept = sorted(closure(whole, ids))
    keep_rows(model, kept, base)
    return prune(whole, kept), kept


def keep_rows(model: Any, kept: list[int], base: str = "") -> None:
    """Keeps those rows of the embedding and of the head, in place, and renumbers the ids in the model's settings."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    _refuse_other_tables(model, embedding, base)
    rows = torch.tensor(kept)
    embedding.weight = nn.Parameter(embedding.weight.detach()[rows])
    embedding.num_embeddings = len(kept)
    embedding.padding_idx = _new_id(embedding.padding_idx, kept)
    if model.config.get_text_config().tie_word_embeddings:
        head.weight = embedding.weight
    else:
        head.weight = nn.Parameter(head.weight.detach()[rows])
    if getattr(head, "bias", None) is not None:
        head.bias = nn.Parameter(head.bias.detach()[rows])
    head.out_features = len(kept)
    _renumber_settings(model, kept)


def save_tokenizer(tokenizer: Any, smaller: dict[str, Any], target: Path) -> Any:
    """Writes the smaller tokenizer with the whole one's chat template and settings; returns it as it loads."""
    tokenizer.save_pretrained(target)
    for name in ("vocab.json", "merges.txt"):
        (target / name).unlink(missing_ok=True)
    (target / "tokenizer.json").write_text(json.dumps(smaller, ensure_ascii=False, indent=1), encoding="utf-8")
    file = target / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings.pop("added_tokens_decoder", None)  # by id; tokenizer.json has them too
    file.write_text(json.dumps(settings, ensure_ascii=False, indent=2), encoding="utf-8")
    return load_tokenizer(str(target))


def require_same_cut(job: Job, whole: Any, smaller: Any, kept: list[int]) -> None:
    """StillhouseError where a row of the train split is cut otherwise than before: a tokenizer not understood."""
    for number, row in enumerate(read_rows(job.corpus), start=1):
        if [kept[index] for index in row_ids(row, smaller)] != row_ids(row, whole):
            raise StillhouseError(
                f"{job.base}: the trimmed tokenizer cuts training row {number} otherwise than the whole one. "
                f"Leave {FIELD} out, and report this base"
            )


def _settings(model: Any) -> list[Any]:
    every = [model.config]
    # The text's own settings are the model's, but where it reads pictures too.
    text = model.config.get_text_config()
    if text is not model.config:
        every.append(text)
    if model.generation_config is not None:
        every.append(model.generation_config)
    return every


def _settings_ids(model: Any, tokens: int) -> set[int]:
    ids: set[int] = set()
    for settings in _settings(model):
        for name, value in settings.to_dict().items():
            if not TOKEN_FIELD.search(name):
                continue
            if not isinstance(value, list):
                value = [value]
            ids.update(filter(_is_id, value))
    return {index for index in ids if index < tokens}


def _renumber_settings(model: Any, kept: list[int]) -> None:
    new = {old: index for index, old in enumerate(kept)}
    for settings in _settings(model):
        for name, value in settings.to_dict().items():
            if not TOKEN_FIELD.search(name) or value is None:
                continue
            # An id of no token, such as -1 for no padding, becomes none.
            if isinstance(value, list):
                setattr(settings, name, [new[index] for index in value if index in new])
            else:
                setattr(settings, name, new.get(value))
    model.config.get_text_config().vocab_size = len(kept)


def _new_id(old: int | None, kept: list[int]) -> int | None:
    if old not in kept:
        return None
    return kept.index(old)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _refuse_other_tables(model: Any, embedding: Any, base: str) -> None:
    for name, module in model.named_modules():
        # Positions have tables too, far smaller ones.
        other = isinstance(module, nn.Embedding) and module is not embedding
        if other and 2 * module.num_embeddings > embedding.num_embeddings:
            raise InputError(f"cannot be trimmed: {name} is a second table by token", path=base, field=FIELD)
