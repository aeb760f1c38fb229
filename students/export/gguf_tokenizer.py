"""A tokenizer.json in GGUF's words: byte-level BPE, which llama.cpp calls gpt2, with the name of its first split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gguf import TokenType

from prompts.errors import InputError

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {
    CONTRACTIONS + r"|\p{N}{1,3}" + REST: "llama-bpe",
    CONTRACTIONS + r"|\p{N}" + REST: "qwen2",
}
"""The pattern of a Split -> llama.cpp's name of it: unicode_regex_split's cases in src/llama-vocab.cpp."""


def add_tokenizer(writer: Any, student: Path, vocabulary: int) -> None:
    """Adds tokens, types, merges, special ids and the chat template of the student's tokenizer to a GGUFWriter.

    `vocabulary` is the number of the embedding's rows; those without a token are marked unused. InputError for a
    tokenizer that is no byte-level BPE, or whose split llama.cpp has no name for that we know.
    """
    from transformers import AutoTokenizer

    body = json.loads((student / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(student, trust_remote_code=False)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split_name(body, student))
    tokens, types = _tokens(body, vocabulary)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    merges = body["model"]["merges"]
    writer.add_token_merges([_joined(merge) for merge in merges])
    _add_special(writer, tokenizer, student)
    if tokenizer.chat_template is not None:
        writer.add_chat_template(tokenizer.chat_template)


def split_name(body: dict[str, Any], student: Path) -> str:
    """Returns llama.cpp's name for how the tokenizer cuts a text before BPE."""
    normal = (body.get("normalizer") or {"type": "NFC"})["type"]
    if body["model"].get("type") != "BPE" or body["model"].get("byte_fallback") or normal != "NFC":
        raise _unknown(student, "its tokenizer is no byte-level BPE")
    parts = _parts(body.get("pre_tokenizer"))
    match [part["type"] for part in parts]:
        case ["ByteLevel"] if parts[0].get("use_regex", True):
            return "gpt-2"
        case ["Digits", "ByteLevel"] if parts[0].get("individual_digits") and parts[1].get("use_regex", True):
            return "smollm"
        case ["Split", "ByteLevel"] if name := SPLITS.get(parts[0]["pattern"].get("Regex", "")):
            return name
    raise _unknown(student, "its tokenizer cuts texts in a way that has no known name in llama.cpp")


def _unknown(student: Path, problem: str) -> InputError:
    return InputError(f"cannot be a GGUF file: {problem}", path=student, remedy="Export onnx instead")


def _joined(merge: str | list[str]) -> str:
    """Writes a merge as GGUF has it; newer tokenizer.json files keep its two sides apart."""
    if isinstance(merge, str):
        return merge
    return " ".join(merge)


def _parts(pre_tokenizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if pre_tokenizer is None:
        return []
    if pre_tokenizer["type"] == "Sequence":
        return list(pre_tokenizer["pretokenizers"])
    return [pre_tokenizer]


def _tokens(body: dict[str, Any], vocabulary: int) -> tuple[list[str], list[TokenType]]:
    by_id = {index: (text, TokenType.NORMAL) for text, index in body["model"]["vocab"].items()}
    for added in body["added_tokens"]:
        kind = TokenType.USER_DEFINED
        if added["special"]:
            kind = TokenType.CONTROL
        by_id[added["id"]] = (added["content"], kind)
    tokens, types = [], []
    for index in range(vocabulary):
        # An embedding may have more rows than there are tokens: padded to a multiple that suits the hardware.
        text, kind = by_id.get(index, (f"[PAD{index}]", TokenType.UNUSED))
        tokens.append(text)
        types.append(kind)
    return tokens, types


def _add_special(writer: Any, tokenizer: Any, student: Path) -> None:
    """Adds the ids by their roles. llama.cpp stops at the token it finds by the name `eos`, and at one `eot` more."""
    for role in ("bos", "eos", "unk", "pad"):
        index = getattr(tokenizer, f"{role}_token_id")
        if index is not None:
            getattr(writer, f"add_{role}_token_id")(index)
    # A chat model may end a turn with another token than `eos`; GGUF has one place for it.
    others = [index for index in _stops(student) if index != tokenizer.eos_token_id]
    if others:
        writer.add_eot_token_id(others[0])
    # Asked of the tokenizer itself: post-processors put it there in several ways.
    writer.add_add_bos_token(tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id])
    writer.add_add_space_prefix(False)


def _stops(student: Path) -> list[int]:
    file = student / "generation_config.json"
    if not file.is_file():
        return []
    named = json.loads(file.read_text(encoding="utf-8")).get("eos_token_id")
    if named is None:
        return []
    if isinstance(named, list):
        return named
    return [named]
