"""Reads an answer's token logprobs: what they say of the labels, and of the answer as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.curate.label_logprobs import label_logprobs
from pipeline.evaluate.answers.confidence import confidence
from pipeline.evaluate.answers.contestants import Answer
from teachers.base import TokenLogprob

Tokens = Sequence[Mapping[str, Any]]
"""As records.TOKENS has them."""


def read_tokens(answer: Answer, tokens: Tokens | None, labels: Sequence[str] | None) -> Answer:
    """Returns the answer with its confidence and what its first token says of the labels."""
    if not tokens:
        return answer
    sure = confidence([TokenLogprob(token["bytes"], token["logprob"]) for token in tokens])
    return read_labels(replace(answer, confidence=sure, first_token=tokens[0]), labels)


def read_labels(answer: Answer, labels: Sequence[str] | None) -> Answer:
    """Returns the answer with its first token read for these labels; log-odds are of two."""
    logprobs = None
    if answer.first_token and labels:
        logprobs = label_logprobs([answer.first_token], labels)
    if logprobs is None:
        return replace(answer, label_logprobs=None, log_odds=None)
    log_odds = None
    if len(logprobs) == 2:
        log_odds = logprobs[0] - logprobs[1]
    return replace(answer, label_logprobs=tuple(logprobs), log_odds=log_odds)
