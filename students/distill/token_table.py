"""A student's vocabulary by bytes: which token a teacher's piece of text begins with."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any

from prompts.errors import InputError
from prompts.token_bytes import token_bytes

ENDS = frozenset({"<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<end_of_turn>", "<|end|>"})
"""How the families of models write the end of a turn: any of them is the student's own."""
# What else a template writes between turns. A teacher's own marker is never a text that a student should learn to say.
_MARKER = re.compile(rb"<\|[^|\s]+\|>|</?s>|<(bos|eos|pad|unk|start_of_turn)>")


class TokenTable:
    """Tokens as bytes, and bytes as tokens, of one tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        """InputError for a tokenizer whose tokens have no bytes of their own, such as WordPiece's."""
        self._tokenizer = tokenizer
        try:
            self.bytes_of = token_bytes(tokenizer)
        except ValueError as error:
            remedy = "Its tokens cannot be aligned with a teacher's: use student.method sft, or another base"
            raise InputError(str(error), field="student.base", remedy=remedy) from error
        self._special = frozenset(tokenizer.all_special_ids)
        self._eos: int | None = tokenizer.eos_token_id
        self._ends = frozenset(end.encode() for end in ENDS)
        self.first_token = lru_cache(1 << 16)(self._first_token)  # the same alternatives come again and again

    def exact(self, piece: bytes, hint: int | None = None) -> int | None:
        """The token of exactly these bytes. `hint`, a teacher's id, decides where several have the same."""
        if hint is not None and 0 <= hint < len(self._tokenizer) and self.bytes_of(hint) == piece:
            return hint
        return self._ids.get(piece)

    def _first_token(self, piece: bytes) -> int | None:
        """The token that a text begins with where it goes on with `piece`; None where none can be named.

        Equal bytes are the token. A piece that is a text is tokenised, and its first token counts. One that is half
        a character, and no token of its own, has none. A marker of the end of a turn is the student's.
        """
        if piece in self._ends:
            return self._eos
        if not piece or _MARKER.fullmatch(piece):
            return None
        if piece in self._ids:
            return self._ids[piece]
        try:
            ids: list[int] = self._tokenizer(piece.decode(), add_special_tokens=False)["input_ids"]
        except UnicodeDecodeError:
            return None
        if not ids:
            return None
        # A tokenizer that puts a space before a text, or cannot write it, does not begin with its bytes.
        begins = self.bytes_of(ids[0])
        if not begins or not piece.startswith(begins):
            return None
        return ids[0]

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        """Ordinary tokens by their bytes, the lowest id where several have the same; text never means a special one."""
        table: dict[bytes, int] = {}
        for index in range(len(self._tokenizer)):
            if index not in self._special:
                table.setdefault(self.bytes_of(index), index)
        table.pop(b"", None)  # a token of no bytes begins every text, and says nothing
        return table
