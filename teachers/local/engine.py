"""Rows that are decoded together: new ones join at any step, those that have ended leave.

A row's randomness, stops and limits are its own, and it sees no other row: who shares its batch changes its
logprobs by float noise only (the order in which sums are taken), and its reply where that noise decides a tie.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import torch

from teachers.errors import InvalidRequest
from teachers.local.batching import Ticket
from teachers.local.decoding import FORWARD_TOKENS, Decoder, SlotDecoder
from teachers.local.prefix import SharedPrefix
from teachers.local.rows import DecodingRow

PADDING = 0.25
"""The largest share of padding in a row of a forward pass."""

Admit = Callable[[Ticket], DecodingRow | None]
"""A ticket as a row; None where it is answered already. Raises what makes it impossible."""


class Engine:
    """A Worker that answers up to `rows` tickets at once.

    Rows that fail together, for want of memory say, are tried again one by one, each from where it was: the
    one at fault fails alone, and where none is, the batch was too large and is halved from then on.
    """

    def __init__(self, decoder: Decoder, admit: Admit, *, rows: int, share_prefix: bool) -> None:
        self._decoder, self._admit = decoder, admit
        self._most = min(rows, decoder.most or rows)
        self._prefix: SharedPrefix | None = None
        if share_prefix and isinstance(decoder, SlotDecoder):  # the others have one slot, and nothing to copy to
            self._prefix = SharedPrefix(decoder)
        self._rows: list[DecodingRow] = []  # a row's place is its slot
        self._alone: deque[DecodingRow] = deque()
        self._retrying, self._most_after = False, self._most

    @property
    def room(self) -> int:
        """The rows that still fit; none while rows that failed together are tried alone."""
        if self._retrying:
            return 0
        return self._most - len(self._rows)

    @property
    def busy(self) -> bool:
        """True while a row is open."""
        return bool(self._rows or self._alone)

    def join(self, tickets: Sequence[Ticket]) -> None:
        """Takes tickets in; one that cannot be answered fails alone."""
        rows = [row for ticket in tickets if (row := self._row(ticket))]
        if not rows and not self._rows and self._alone:
            rows = [self._alone.popleft()]
        if rows:
            self._guarded(lambda: self._enter(rows))

    def step(self) -> None:
        """Feeds what is unread: the prompts of new rows, else one token of each row."""
        self._leave({row for row in self._rows if row.ticket.given_up})
        if self._rows:
            fresh = [slot for slot, row in enumerate(self._rows) if len(row.unread) > 1]
            groups = _groups(self._rows, fresh) if fresh else iter([range(len(self._rows))])
            self._guarded(lambda: self._feed(groups))
        if self._retrying and not self.busy:
            self._retrying, self._most = False, self._most_after

    def abandon(self, error: Exception) -> None:
        """Fails every open ticket and forgets all rows."""
        rows = [*self._rows, *self._alone]
        self._forget()
        self._alone.clear()
        self._retrying = False
        for row in rows:
            row.ticket.fail(error)

    def _row(self, ticket: Ticket) -> DecodingRow | None:
        try:
            return self._admit(ticket)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, the others go on
            ticket.fail(error)
            return None

    def _enter(self, rows: list[DecodingRow]) -> None:
        rows.sort(key=lambda row: len(row.ids))  # neighbours of like length need little padding
        first = len(self._rows)
        self._rows += rows
        if self._prefix:
            self._prefix.begin(rows, first)

    def _feed(self, groups: Iterator[range]) -> None:
        ended: set[DecodingRow] = set()
        for slots in groups:
            rows = self._rows[slots.start : slots.stop]
            unread, wanted, seen = [row.unread for row in rows], max(row.wanted for row in rows), 0
            for logprobs_BCV in self._decoder.feed(slots.start, unread, [row.read for row in rows], wanted):
                for row, logprobs_CV in zip(rows, logprobs_BCV, strict=True):
                    ended |= self._take(row, logprobs_CV[max(0, wanted - row.wanted - seen) :])
                seen += logprobs_BCV.shape[1]
            for row, ids in zip(rows, unread, strict=True):
                row.read += len(ids)
        self._leave(ended)

    def _take(self, row: DecodingRow, logprobs_CV: torch.Tensor) -> set[DecodingRow]:
        """Returns the row, where it has ended."""
        if not len(logprobs_CV):
            return set()
        try:
            reply = row.take(logprobs_CV)
        except Exception as error:  # noqa: BLE001  # as in _row
            row.ticket.fail(error)
            self._decoder.wipe(self._rows.index(row))  # what is no number would spread through its slot
            return {row}
        if reply is None:
            return set()
        row.ticket.answer(reply)
        return {row}

    def _leave(self, rows: set[DecodingRow]) -> None:
        """The last row takes the place of each that leaves."""
        # From the end: whoever leaves above is gone already, so the row that moves down is one that stays.
        for slot in range(len(self._rows) - 1, -1, -1):
            if self._rows[slot] in rows:
                last = self._rows.pop()
                if slot < len(self._rows):
                    self._rows[slot] = last
                    if last.read:
                        self._decoder.move(len(self._rows), slot, last.read)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # as in _row
            rows = [row for row in self._rows if not row.ticket.future.done()]
            self._forget()
            if len(rows) == 1:
                rows[0].ticket.fail(_too_much(rows[0], error))
                self._most_after = self._most  # it was this one
            elif rows:
                self._try_alone(rows)

    def _try_alone(self, rows: Sequence[DecodingRow]) -> None:
        for row in rows:
            row.restart()
        self._alone.extend(rows)
        self._retrying, self._most_after = True, len(rows) // 2

    def _forget(self) -> None:
        self._rows = []
        self._decoder.clear()
        if self._prefix:
            self._prefix.clear()


def _groups(rows: Sequence[DecodingRow], fresh: Sequence[int]) -> Iterator[range]:
    """Neighbouring slots whose rows are of like length, each group one forward pass where it can be."""
    begin, lengths = fresh[0], [len(rows[fresh[0]].unread)]
    for slot in fresh[1:]:
        more = [*lengths, len(rows[slot].unread)]
        padded = len(more) * max(more)
        if padded > FORWARD_TOKENS or min(more) < (1 - PADDING) * max(more) or slot > begin + len(lengths):
            yield range(begin, begin + len(lengths))
            begin, lengths = slot, more[-1:]
        else:
            lengths = more
    yield range(begin, begin + len(lengths))


def _too_much(row: DecodingRow, error: Exception) -> InvalidRequest:
    """Makes our error of what the engine said of a row that it could not take even alone."""
    provider = row.ticket.request.identity.provider
    refusal = InvalidRequest(f"{len(row.ids)} tokens could not be decoded: {error}", provider=provider)
    refusal.__cause__ = error
    return refusal
