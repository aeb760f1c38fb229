"""A teacher's distributions on a student's tokens, by byte offsets and never by position.

Both sides cut the same bytes. Where a student's token begins where a teacher's does and does not reach beyond it, the
teacher said what comes next: each of its alternatives credits the student token that it begins with. Elsewhere, inside
a longer teacher token or where a student's token spans several, nobody said, and cross-entropy alone teaches.
Mass only moves from the head to the tail, never back: what no student token can stand for is tail.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
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
    """A teacher's thoughts of what comes next, in a student's tokens."""

    head: tuple[tuple[int, float], ...]
    """Token ids and their probabilities, the likeliest first."""
    tail: float
    """1 less the head's sum."""


Targets = list[SoftTarget | None]
"""One a student token; None where no teacher said anything."""


def likeliest_first(head: Iterable[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """Orders a head by probability, and equals by id, so that the file of targets is the same each time."""
    return tuple(sorted(head, key=lambda item: (-item[1], item[0])))


def spans(ids: Sequence[int], reply: bytes, table: TokenTable) -> list[tuple[int, int]] | None:
    """Places each of a student's tokens in the reply, from byte to byte; None where they do not spell it.

    A chat template may strip the reply's white space and add its own around it: a token outside begins before 0, or
    ends after the reply.
    """
    pieces = [table.bytes_of(index) for index in ids]
    text = reply.strip()
    at = b"".join(pieces).find(text)
    if at < 0 or not text:
        return None
    begin = reply.find(text) - at
    return list(pairwise(accumulate(map(len, pieces), initial=begin)))


def align(teacher: Sequence[TeacherToken], ids: Sequence[int], reply: bytes, table: TokenTable) -> Targets | None:
    """The soft target of each of a student's tokens `ids`, which write the teacher's reply; None where they do not.

    `teacher`'s pieces join to `reply`.
    """
    places = spans(ids, reply, table)
    if places is None:
        return None
    ends = list(accumulate((len(token.piece) for token in teacher), initial=0))
    # A teacher's token of no bytes, such as an end of turn, begins where the next one does, and is not meant.
    at = {start: number for number, (start, end) in enumerate(pairwise(ends)) if end > start}
    heads = head_size(teacher)
    targets: Targets = []
    for index, (start, end) in zip(ids, places, strict=True):
        space = b""
        # SentencePiece begins a text with a space that the text does not have.
        if start == -1 and end > 0 and table.bytes_of(index).startswith(b" "):
            space = b" "
        number = at.get(start + len(space))
        if number is None or not teacher[number].top or not start < end <= ends[number + 1]:
            targets.append(None)
        else:
            targets.append(_target(teacher[number], heads, index, space, table))
    return targets


def head_size(teacher: Sequence[TeacherToken]) -> int:
    """The number of alternatives that a reply's tokens have as a rule.

    Some servers append the sampled token as one more where it is not among the likeliest. A head that depends on what
    was sampled would bias the loss, so alternatives beyond this many are tail.
    """
    sizes = Counter(len(token.top) for token in teacher if token.top)
    # Of sizes that are as frequent the smallest: a head too small is a larger tail, one too large is a bias.
    return max(sizes, key=lambda size: (sizes[size], -size), default=0)


def _target(token: TeacherToken, heads: int, sampled: int, space: bytes, table: TokenTable) -> SoftTarget:
    mass: dict[int, float] = {}
    for piece, hint, logprob in sorted(token.top, key=lambda item: -item[2])[:heads]:
        index: int | None = sampled
        # The sampled text's own first token is known; another tokenisation of it would teach another text.
        if piece != token.piece:
            index = _student_token(space + piece, hint, table)
        if index is not None:
            mass[index] = mass.get(index, 0.0) + math.exp(logprob)
    whole = sum(mass.values())
    scale = 1.0
    if whole > 1:  # logprobs are rounded: a sum of 1.000001 is 1
        scale = 1 / whole
    head = [(index, share * scale) for index, share in mass.items()]
    return SoftTarget(likeliest_first(head), max(1 - whole, 0.0))


def _student_token(piece: bytes, hint: int | None, table: TokenTable) -> int | None:
    """The student's token of these bytes, else the one that they begin with."""
    exact = table.exact(piece, hint)
    if exact is not None:
        return exact
    return table.first_token(piece)


def mix(parts: Sequence[tuple[float, Targets]]) -> Targets:
    """Several teachers' targets of the same tokens as one, each weighed: the mixture of their distributions.

    A token that is in one head and not in another's adds nothing there: its probability is that one's tail. Where some
    teachers said nothing the others share the weight.
    """
    weights = [weight for weight, _ in parts]
    by_token = zip(*(targets for _, targets in parts), strict=True)
    return [_mixture(weights, targets) for targets in by_token]


def _mixture(weights: Sequence[float], targets: Sequence[SoftTarget | None]) -> SoftTarget | None:
    known = []
    for weight, target in zip(weights, targets, strict=True):
        if target is not None and weight > 0:
            known.append((weight, target))
    if not known:
        return None
    whole = sum(weight for weight, _ in known)
    mass: dict[int, float] = {}
    for weight, target in known:
        for index, share in target.head:
            mass[index] = mass.get(index, 0.0) + share * weight / whole
    return SoftTarget(likeliest_first(mass.items()), max(1 - sum(mass.values()), 0.0))
