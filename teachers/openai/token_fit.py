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
        before = tokens[start - 1].bytes if start else b""
        begin = _begin(data, end, pieces, before)
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
    fitted = fit_tokens(tokens, text, whole=not thought)
    # vLLM and SGLang list the end-of-turn token too, whose text is no part of the reply.
    if fitted is None and stopped:
        fitted = fit_tokens(tokens[:-1], text, whole=not thought)
    return fitted


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


def _begin(data: bytes, end: int, pieces: Sequence[TokenLogprob], before: bytes) -> int | None:
    """Finds where in the text before `end` the pieces begin; None where they cannot stand there.

    `before` are the bytes of the token before them, none at the beginning.
    """
    shown = b"".join(piece.bytes for piece in pieces)
    if shown and data.endswith(shown, 0, end):
        return end - len(shown)
    if REPLACEMENT not in shown:
        return None
    begin = 0
    if before and before in data[:end]:
        begin = data.rindex(before, 0, end) + len(before)
    if _can_show(shown, data[begin:end]):
        return begin
    return None


def _can_show(shown: bytes, segment: bytes) -> bool:
    """Tells whether a text with U+FFFD in it may stand for these bytes: what is replaced is never ASCII."""
    head, tail = shown[: shown.index(REPLACEMENT)], shown[shown.rindex(REPLACEMENT) + len(REPLACEMENT) :]
    if not (segment.startswith(head) and segment.endswith(tail)):
        return False
    inside = segment[len(head) : len(segment) - len(tail)]
    return bool(inside) and all(byte > 127 for byte in inside)


def _joined(pieces: Sequence[TokenLogprob], data: bytes) -> TokenLogprob:
    if len(pieces) == 1 and pieces[0].bytes == data:
        return pieces[0]
    return TokenLogprob(data, sum(piece.logprob for piece in pieces))
