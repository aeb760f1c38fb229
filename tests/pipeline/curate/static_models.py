"""Small embedding models, made where they are needed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

WORDS: Mapping[str, Sequence[float]] = {
    "reset": (1, 0, 0),
    "change": (0.9, 0.3, 0),
    "password": (0, 1, 0),
    "passphrase": (0.1, 1, 0.1),
    "weather": (0, 0, 1),
    "rain": (0.1, 0, 1),
    "sun": (-0.3, 0, 1),
}


def save_static(folder: Path, words: Mapping[str, Sequence[float]] = WORDS) -> Path:
    """A static model of a few words; every other word has no vector."""
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, **{word: n for n, word in enumerate(words, 1)}}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_padding(pad_id=1)  # as some published ones have
    vectors = np.array([[0] * len(next(iter(words.values()))), *words.values()], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        StaticModel(vectors, tokenizer, {"model_type": "model2vec"}, normalize=True).save_pretrained(folder)
    return folder


def save_transformer(folder: Path) -> Path:
    """A BERT of one layer with random weights, whose vocabulary is as little known to it."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    names = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", *WORDS]
    tokenizer = BertTokenizerFast(vocab={name: place for place, name in enumerate(names)})
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(names), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
