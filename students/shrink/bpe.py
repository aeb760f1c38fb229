"""A smaller byte-level BPE that cuts the texts it was made for as the whole one does.

BPE joins the adjacent pair of the lowest rank, again and again, so a token comes about in a text as it does alone. With
every token on the way to a text's tokens kept, and every merge between kept tokens in its old order, the pair that the
whole BPE joins is there at each step and none comes before it: the text is cut the same. Any other text is cut into
smaller pieces, down to bytes, and still says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from tokenizers.pre_tokenizers import ByteLevel

Pair = tuple[str, str]


def unfit(tokenizer: Mapping[str, Any]) -> str | None:
    """Says why a tokenizer (tokenizer.json) is no byte-level BPE that can be made smaller; None where it is one."""
    model = tokenizer["model"]
    if model["type"] != "BPE":
        return f"its tokenizer is {model['type']}"
    if not any("ByteLevel" in str(tokenizer.get(part)) for part in ("pre_tokenizer", "normalizer")):
        return "its BPE is not byte-level"
    if model.get("dropout") or model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        return "its BPE has dropout, or marks a word's pieces"
    return None


def closure(tokenizer: Mapping[str, Any], used: Iterable[int]) -> set[int]:
    """The ids to keep so that whatever is cut into `used` still is: these, those on the way, bytes, added tokens."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    ranks = {pair: rank for rank, pair in enumerate(merges(tokenizer))}
    texts = {index: text for text, index in vocabulary.items()}
    added = {token["id"] for token in tokenizer["added_tokens"]}
    keep = (set(used) & texts.keys()) | added
    # Any text can be said in bytes, and no byte may be lost: an unseen word is cut down to them.
    symbols = set(ByteLevel.alphabet())
    for index in keep - added:
        symbols |= on_the_way(texts[index], ranks)
    return keep | {vocabulary[symbol] for symbol in symbols if symbol in vocabulary}


def on_the_way(text: str, ranks: Mapping[Pair, int]) -> set[str]:
    """Collects every symbol that BPE makes, from single bytes on, until it has cut `text`."""
    symbols = list(text)
    seen = set(symbols)
    while True:
        pairs = [pair for pair in pairwise(symbols) if pair in ranks]
        if not pairs:
            return seen
        first = min(pairs, key=ranks.__getitem__)
        place = list(pairwise(symbols)).index(first)
        joined = "".join(first)
        symbols[place : place + 2] = [joined]
        seen.add(joined)


def merges(tokenizer: Mapping[str, Any]) -> list[Pair]:
    """The merges in their order; older files write a pair as one string."""
    pairs: list[Pair] = []
    for pair in tokenizer["model"]["merges"]:
        if isinstance(pair, str):
            pair = pair.split(" ")
        left, right = pair
        pairs.append((left, right))
    return pairs


def prune(tokenizer: Mapping[str, Any], kept: list[int]) -> dict[str, Any]:
    """Makes the same tokenizer of the tokens `kept` (ascending ids) alone, the n-th of them with the id n."""
    new = {old: index for index, old in enumerate(kept)}
    vocabulary = {text: new[old] for text, old in tokenizer["model"]["vocab"].items() if old in new}
    pairs = []
    for left, right in merges(tokenizer):
        # All three must be there: a merge into a token that is gone would cut texts that the whole one does not cut so.
        if left in vocabulary and right in vocabulary and left + right in vocabulary:
            pairs.append([left, right])
    padding = tokenizer.get("padding")
    if padding:
        padding = {**padding, "pad_id": new[padding["pad_id"]]}
    return {
        **tokenizer,
        "model": {**tokenizer["model"], "vocab": vocabulary, "merges": pairs},
        "added_tokens": [{**token, "id": new[token["id"]]} for token in tokenizer["added_tokens"]],
        "post_processor": _renumbered(tokenizer.get("post_processor"), new),
        "padding": padding,
    }


def _renumbered(value: Any, new: Mapping[int, int]) -> Any:
    """Copies a post-processor under new ids: TemplateProcessing's `ids`, Bert's and Roberta's pairs [text, id]."""
    if isinstance(value, list):
        return [_renumbered(item, new) for item in value]
    if not isinstance(value, dict):
        return value
    copied = {name: _renumbered(item, new) for name, item in value.items()}
    for name in {"sep", "cls"} & copied.keys():
        text, index = copied[name]
        copied[name] = [text, new[index]]
    if "ids" in copied:
        copied["ids"] = [new[index] for index in copied["ids"]]
    return copied
