"""The exact bytes of each token of a Hugging Face tokenizer.

`decode` of one token is not enough: a byte-level token may be a piece of a character, which decodes to
U+FFFD, and a SentencePiece token loses its leading space.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

LONGEST_CHARACTER = 4  # bytes of UTF-8

# What llama.cpp, sentencepiece and transformers all call a byte that no piece of the vocabulary covers.
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def token_bytes(tokenizer: Any) -> Callable[[int], bytes]:
    """Returns a function from a token's id to the bytes it stands for inside a text.

    Raises ValueError for a tokenizer that is neither byte-level nor SentencePiece-like: its decoder
    looks at its neighbours (WordPiece), so that a token has no bytes of its own.
    """
    added = {int(index): token.content for index, token in tokenizer.added_tokens_decoder.items()}
    convert = _converter(_decoder_types(tokenizer))

    @cache
    def of(index: int) -> bytes:
        if index in added:
            return str(added[index]).encode()
        piece = tokenizer.convert_ids_to_tokens(index)
        if piece is None:  # a row that only pads the embedding
            return b""
        return convert(piece)

    return of


def whole_characters(pieces: Sequence[bytes]) -> int:
    """Counts the pieces that make whole characters: a text cut off inside one ends before it."""
    # A character has at most four bytes, and a piece at least one: the last whole one ends within four pieces.
    for count in range(len(pieces), max(len(pieces) - LONGEST_CHARACTER, -1), -1):
        try:
            b"".join(pieces[:count]).decode()
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                break  # the model wrote bytes that are no text at all; cutting would not mend it
        else:
            return count
    return len(pieces)


def _decoder_types(tokenizer: Any) -> set[str]:
    """Returns the kinds of the decoder's steps; none where the tokenizer has no decoder."""
    decoder = tokenizer.backend_tokenizer.decoder
    if decoder is None:
        return set()
    # The decoder's pickled form is its JSON: the only way to read it without writing out the vocabulary.
    settings = json.loads(decoder.__getstate__())
    steps = settings.get("decoders", [settings])
    return {step["type"] for step in steps if "type" in step}


def _converter(types: set[str]) -> Callable[[str], bytes]:
    if "ByteLevel" in types:
        table = _byte_of_character()
        return lambda piece: bytes(table[character] for character in piece)
    if types & {"ByteFallback", "Metaspace", "Replace"}:
        return _sentencepiece
    names = ", ".join(sorted(types)) or "nothing"
    raise ValueError(f"no exact bytes for a tokenizer that decodes by {names}")


def _sentencepiece(piece: str) -> bytes:
    byte = _BYTE.fullmatch(piece)
    if byte is not None:
        return bytes([int(byte[1], 16)])
    return piece.replace("▁", " ").encode()


def _byte_of_character() -> dict[str, int]:
    """Inverts GPT-2's printable stand-ins for bytes (openai/gpt-2, src/encoder.py)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    byte_of = {chr(byte): byte for byte in plain}
    others = sorted(set(range(256)) - set(plain))
    for index, byte in enumerate(others):
        byte_of[chr(256 + index)] = byte
    return byte_of
