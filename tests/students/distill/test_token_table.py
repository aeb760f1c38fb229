from __future__ import annotations

import pytest

from prompts.errors import InputError
from students.distill.token_table import TokenTable


def test_wordpiece_is_refused() -> None:
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    raw.decoder = decoders.WordPiece()
    with pytest.raises(InputError, match="WordPiece"):
        TokenTable(PreTrainedTokenizerFast(tokenizer_object=raw))
