"""A transformer made a static embedding model: each token of its vocabulary embedded alone, between the special tokens.

After Model2Vec (Tulkens and van Dongen 2024), which keeps the principal components and weighs a token of probability p
by a / (a + p) (SIF: Arora et al. 2017), p being Zipf's for its place in the vocabulary. Ours differs in that weight:
with a = 10^-4 questions in one frame ("is ... based on a true story") are alike whatever they ask about, and
with 10^-6 what they ask about decides: benchmarks/curate_semantic.py. It also keeps its dependencies within ours:
model2vec's own needs transformers below 5.4.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from model2vec import StaticModel

DIMENSIONS = 256
SIF = 1e-6
BATCH_TOKENS = 512


def distil(folder: Path) -> StaticModel:
    """Makes the static model of a transformer's folder. Needs torch and transformers; what they raise is passed on."""
    from model2vec import StaticModel
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    vectors = components(_embed_tokens(AutoModel.from_pretrained(folder).eval(), tokenizer), DIMENSIONS)
    names = tokenizer.convert_ids_to_tokens(list(range(len(vectors))))
    vectors *= zipf_weights([not name.startswith("[unused") for name in names])[:, None]
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    config = {"model_type": "model2vec", "normalize": True, "sif_coefficient": SIF, "hidden_dim": vectors.shape[1]}
    return StaticModel(vectors, backend, config, normalize=True)


def zipf_weights(used: list[bool]) -> NDArray[np.float32]:
    """Computes every token's SIF weight; the vocabulary is in the order of frequency, unused ones aside."""
    inverse = 1 / (1 + np.cumsum(used))
    weights: NDArray[np.float32] = (SIF / (SIF + inverse / inverse.sum())).astype(np.float32)
    return weights


def components(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Projects on the first principal components, fewer where there are fewer."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)  # ascending
    projected: NDArray[np.float32] = centred @ axes[:, ::-1][:, :count].astype(np.float32)
    return projected


def _embed_tokens(model: Any, tokenizer: Any) -> NDArray[np.float32]:
    """Embeds every token alone between the special tokens: the mean of its last hidden states.

    Shape: (vocabulary, hidden size).
    """
    import torch

    whole, alone = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (True, False))
    at = next(at for at in range(len(whole)) if whole[at : at + len(alone)] == alone)
    before, after = torch.tensor(whole[:at]), torch.tensor(whole[at + len(alone) :])
    means = []
    with torch.inference_mode():
        for batch in torch.split(torch.arange(tokenizer.backend_tokenizer.get_vocab_size()), BATCH_TOKENS):
            rows = (before.expand(len(batch), -1), batch[:, None], after.expand(len(batch), -1))
            tokens = torch.cat([row.long() for row in rows], dim=1)
            means.append(model(tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state.float().mean(dim=1))
    vectors: NDArray[np.float32] = torch.cat(means).numpy()
    return vectors
