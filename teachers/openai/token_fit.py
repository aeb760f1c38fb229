"""Tokens fitted to the text they make up, where a server shows them by lossy text and not by bytes.

vLLM and SGLang decode each token by itself: a piece of a character becomes U+FFFD, or nothing where the whole
character is written into its last piece. They list the end-of-turn token, which is no part of the text, and
a reasoning model's thoughts. The text's own bytes decide what belongs to it; positions do not.
"""

from __future__ import annotations

from collections.abc import Sequence

from teachers.base import TokenLogprob

REPLACEMENT = "\ufffd".encode()


def fit_tokens(tokens: Sequence[TokenLogprob], text: str, *, whole: bool = True) -> tuple[TokenLogprob, ...] | None:
    """Returns the tokens that make up the text; None where they do not.

    Pieces of one character become one entry with the character's bytes and the sum of their logprobs, without
    id and alternatives: those of a piece are false for the whole. With `whole` nothing may come before the
    text; without it the text is what the tokens end in.
    """
    data, fitted = text.encode(), list[TokenLogprob]()
    left, end = len(tokens), len(data)
    while left and end:
        start = _first_of_run(tokens, left)
        pieces = tokens[start:left]
        begin = _begin(data, end, pieces, tokens[start - 1] if start else None)
        if begin is None:
            return None
        fitted.append(_joined(pieces, data[begin:end]))
        left, end = start, begin
    if end or (whole and left):
        return None
    return tuple(reversed(fitted))


def fit_reply(
    tokens: Sequence[TokenLogprob], text: str, *, stopped: bool, thought: bool
) -> tuple[TokenLogprob, ...] | None:
    """Returns the reply's tokens: all of them, or without the end-of-turn token, or those after the thoughts."""
    for kept in (tokens, tokens[:-1]) if stopped else (tokens,):
        fitted = fit_tokens(kept, text, whole=not thought)
        if fitted is not None:
            return fitted
    return None


def is_lossy(data: bytes) -> bool:
    """Tells a token whose bytes are not its own."""
    return not data or REPLACEMENT in data


def _first_of_run(tokens: Sequence[TokenLogprob], left: int) -> int:
    """Where the run of pieces that ends before `left` begins; a plain token is a run of one."""
    last, start = tokens[left - 1].bytes, left - 1
    if is_lossy(last):
        while start and is_lossy(tokens[start - 1].bytes):
            start -= 1
    elif not last.isascii():  # the last piece of a character may hold all of it, after pieces that hold nothing
        while start and not tokens[start - 1].bytes:
            start -= 1
    return start


def _begin(data: bytes, end: int, pieces: Sequence[TokenLogprob], before: TokenLogprob | None) -> int | None:
    """Where in the text before `end` the pieces begin; None where they cannot stand there."""
    shown = b"".join(piece.bytes for piece in pieces)
    if shown and data.endswith(shown, 0, end):
        return end - len(shown)
    if REPLACEMENT not in shown:
        return None
    at = data.rfind(before.bytes, 0, end) if before is not None and before.bytes else -1
    begin = at + len(before.bytes) if before is not None and at >= 0 else 0
    head, tail = shown[: shown.index(REPLACEMENT)], shown[shown.rindex(REPLACEMENT) + len(REPLACEMENT) :]
    segment = data[begin:end]
    inside = segment[len(head) : len(segment) - len(tail)]
    fits = segment.startswith(head) and segment.endswith(tail) and inside and all(byte > 127 for byte in inside)
    return begin if fits else None


def _joined(pieces: Sequence[TokenLogprob], data: bytes) -> TokenLogprob:
    if len(pieces) == 1 and pieces[0].bytes == data:
        return pieces[0]
    return TokenLogprob(data, sum(piece.logprob for piece in pieces))
