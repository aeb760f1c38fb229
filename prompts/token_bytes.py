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

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def token_bytes(tokenizer: Any) -> Callable[[int], bytes]:
    """A function from a token's id to the bytes it stands for inside a text.

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
        return b"" if piece is None else convert(piece)  # None: a row that only pads the embedding

    return of


def whole_characters(pieces: Sequence[bytes]) -> int:
    """How many pieces make whole characters: a text cut off inside one ends before it."""
    for count in range(len(pieces), max(len(pieces) - 4, -1), -1):
        try:
            b"".join(pieces[:count]).decode()
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                break  # the model wrote bytes that are no text at all; cutting would not mend it
        else:
            return count
    return len(pieces)


def _decoder_types(tokenizer: Any) -> set[str]:
    state = tokenizer.backend_tokenizer.decoder
    # The decoder's pickled form is its JSON: the only way to read it without writing out the vocabulary.
    decoder = {} if state is None else json.loads(state.__getstate__())
    return {step["type"] for step in decoder.get("decoders", [decoder]) if "type" in step}


def _converter(types: set[str]) -> Callable[[str], bytes]:
    if "ByteLevel" in types:
        table = _byte_of_character()
        return lambda piece: bytes(table[character] for character in piece)
    if types & {"ByteFallback", "Metaspace", "Replace"}:
        return _sentencepiece
    raise ValueError(f"no exact bytes for a tokenizer that decodes by {', '.join(sorted(types)) or 'nothing'}")


def _sentencepiece(piece: str) -> bytes:
    byte = _BYTE.fullmatch(piece)
    return bytes([int(byte[1], 16)]) if byte else piece.replace("▁", " ").encode()


def _byte_of_character() -> dict[str, int]:
    """GPT-2's printable stand-in for each byte, inverted (openai/gpt-2, src/encoder.py)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    stand_ins = [*plain, *(256 + index for index in range(len(others)))]
    return {chr(stand_in): byte for stand_in, byte in zip(stand_ins, plain + others, strict=True)}
