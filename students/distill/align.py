"""A teacher's distributions on a student's tokens, by byte offsets and never by position.

Both sides cut the same bytes. Where a student's token begins where a teacher's does and does not reach beyond it, the
teacher said what comes next: each of its alternatives credits the student token that it begins with. Elsewhere, inside
a longer teacher token or where a student's token spans several, nobody said, and cross-entropy alone teaches.
Mass only moves from the head to the tail, never back: what no student token can stand for is tail.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from students.distill.token_table import TokenTable


@dataclass(slots=True, frozen=True)
class TeacherToken:
    """One sampled token of a reply, and what else the teacher could have said."""

    piece: bytes
    top: tuple[tuple[bytes, int | None, float], ...]
    """Alternatives: bytes, the teacher's own id where it is known, logprob in nats. The head, without a tail."""


@dataclass(slots=True, frozen=True)
class SoftTarget:
    """What a teacher thought would come next, in a student's tokens."""

    head: tuple[tuple[int, float], ...]
    """Token ids and their probabilities, the likeliest first."""
    tail: float
    """1 less the head's sum."""


Targets = list[SoftTarget | None]
"""One a student token; None where no teacher said anything."""


def spans(ids: Sequence[int], reply: bytes, table: TokenTable) -> list[tuple[int, int]] | None:
    """Where each of a student's tokens begins and ends in the reply, in bytes; None where they do not spell it.

    A chat template may strip the reply's white space and add its own around it: a token outside begins before 0, or
    ends after the reply.
    """
    joined = b"".join(table.bytes_of(index) for index in ids)
    text = reply.strip()
    at = joined.find(text)
    if at < 0 or not text:
        return None
    begin = reply.find(text) - at
    return list(pairwise(accumulate((len(table.bytes_of(index)) for index in ids), initial=begin)))


def align(teacher: Sequence[TeacherToken], ids: Sequence[int], reply: bytes, table: TokenTable) -> Targets | None:
    """The soft target of each of a student's tokens `ids`, which write the teacher's reply; None where they do not.

    `teacher`'s pieces join to `reply`.
    """
    places = spans(ids, reply, table)
    if places is None:
        return None
    ends = list(accumulate((len(token.piece) for token in teacher), initial=0))
    at = {start: number for number, (start, end) in enumerate(pairwise(ends)) if end > start}
    heads = head_size(teacher)
    found: Targets = []
    for index, (start, end) in zip(ids, places, strict=True):
        # SentencePiece begins a text with a space that the text does not have.
        space = b" " if start == -1 and end > 0 and table.bytes_of(index).startswith(b" ") else b""
        number = at.get(start + len(space))
        if number is None or not teacher[number].top or not start < end <= ends[number + 1]:
            found.append(None)
        else:
            found.append(_target(teacher[number], heads, index, space, table))
    return found


def head_size(teacher: Sequence[TeacherToken]) -> int:
    """The number of alternatives that a reply's tokens have as a rule.

    Some servers append the sampled token as one more where it is not among the likeliest. A head that depends on what
    was sampled would bias the loss, so alternatives beyond this many are tail.
    """
    sizes = Counter(len(token.top) for token in teacher if token.top)
    return max(sizes, key=lambda size: (sizes[size], -size)) if sizes else 0


def _target(token: TeacherToken, heads: int, sampled: int, space: bytes, table: TokenTable) -> SoftTarget:
    mass: dict[int, float] = {}
    for piece, hint, logprob in sorted(token.top, key=lambda item: -item[2])[:heads]:
        # The sampled text's own first token is known; another tokenisation of it would teach another text.
        index = sampled if piece == token.piece else table.exact(space + piece, hint)
        index = table.first_token(space + piece) if index is None else index
        if index is not None:
            mass[index] = mass.get(index, 0.0) + math.exp(logprob)
    whole = sum(mass.values())
    scale = 1 / whole if whole > 1 else 1.0  # logprobs are rounded: a sum of 1.000001 is 1
    head = sorted(((index, share * scale) for index, share in mass.items()), key=lambda item: (-item[1], item[0]))
    return SoftTarget(tuple(head), max(1 - whole, 0.0))


def mix(parts: Sequence[tuple[float, Targets]]) -> Targets:
    """Several teachers' targets of the same tokens as one, each weighed: the mixture of their distributions.

    A token that is in one head and not in another's adds nothing there: its probability is that one's tail. Where some
    teachers said nothing the others share the weight.
    """
    return [
        _mixture([(weight, targets[place]) for weight, targets in parts])
        for place in range(len(parts[0][1]) if parts else 0)
    ]


def _mixture(said: Sequence[tuple[float, SoftTarget | None]]) -> SoftTarget | None:
    known = [(weight, target) for weight, target in said if target is not None and weight > 0]
    if not known:
        return None
    whole = sum(weight for weight, _ in known)
    mass: dict[int, float] = {}
    for weight, target in known:
        for index, share in target.head:
            mass[index] = mass.get(index, 0.0) + share * weight / whole
    head = sorted(mass.items(), key=lambda item: (-item[1], item[0]))
    return SoftTarget(tuple(head), max(1 - sum(mass.values()), 0.0))
