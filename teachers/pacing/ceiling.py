"""The most requests in flight: found out by trying, and given up at the server's word.

    start      doubles each round trip until the first refusal
    cut        once for each episode of refusals: to 95 % of what the server had accepted
    growth     a cubic in time (CUBIC, RFC 9438): soon back, slow around the level that was refused, then faster
    hold       where requests sent after a cut are refused too, or the server names a time: nothing goes until
               then, one request first, and the others spread over a round trip

An episode is all the refusals of requests that were sent before the cut. It grows only on answers that come
while every place is taken. See docs/decisions/0011-pace.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from teachers.pacing.queueing import QueueWatch

FIRST_WINDOW = 10  # RFC 6928
FIRST_SPACING_S = 0.002  # beyond the first window, until the first answer: a refusal comes sooner than a herd
SOFT, HARD = 0.95, 0.85
"""The share that a cut leaves of what the server had accepted: the first time, and where that was still too much."""

GROWTH = 1 / 8000
"""Growth relative to the last refused level, per second cubed: it doubles in 20 s beyond that level."""

BUSY_HINT_S = 1.0
"""Retry-After counts whole seconds, so 1 is also what a server says that is merely full at this moment. A longer
hint speaks of a quota over time."""

PATIENCE_S = 0.25  # the least that the first request after a hold is given to be refused
FALTER_S = 5.0
"""Seconds without growth after a 5xx."""

MAX_HOLD_S = 60.0
"""The longest hold where the server names no time."""


@dataclass(slots=True)
class Flight:
    """A request that was let through."""

    number: int
    sent_at: float
    tokens: float
    """Reserved for it."""
    landed: bool = False


class Ceiling:
    """The adaptive bound. Pure: the caller tells it the time, in seconds of one steady clock."""

    def __init__(self, most: int, *, adaptive: bool = True) -> None:
        self.most = most
        self.level = float(min(most, max(FIRST_WINDOW, most // 4)) if adaptive else most)
        self.in_flight = 0
        self.cuts = 0
        self._adaptive = adaptive
        self._numbers = 0
        self._refused_at: float | None = None
        """The level that the last cut came from; None: it is still the start."""
        self._share = 1.0
        self._last_cut, self._clear, self._holds = 0, 0, 0
        self._grown_s, self._falters_until = 0.0, -FALTER_S
        self._seen_at: float | None = None
        """The last answer's moment."""
        self._opens_at, self._spread_until = 0.0, 0.0
        self._probe: int | None = None
        self._latency_s, self._refusal_s = 0.0, 0.05
        self._watch = QueueWatch()

    def opens_at(self) -> float | None:
        """Returns the moment from which one more may go; None while every place is taken."""
        return self._opens_at if self.in_flight < int(self.level) else None

    def take(self, now: float, tokens: float = 0.0) -> Flight:
        """One more goes."""
        self._numbers += 1
        self.in_flight += 1
        flight = Flight(self._numbers, now, tokens)
        if self._probe == 0:
            self._probe = flight.number
            self._opens_at = now + max(PATIENCE_S, 4 * self._refusal_s)
            self._spread_until = self._opens_at + self._latency_s
        elif now < self._spread_until:
            self._opens_at = max(self._opens_at, now + self._latency_s / self.level)
        elif self._adaptive and not self._latency_s and self._numbers >= FIRST_WINDOW:
            self._opens_at = now + FIRST_SPACING_S
        return flight

    def answered(self, flight: Flight, now: float) -> None:
        """The server did the work: a place is free, and there may be room for more."""
        used = self.in_flight >= int(self.level)
        in_flight, latency_s = self.in_flight, now - flight.sent_at
        self._land(flight)
        self._latency_s += (latency_s - self._latency_s) / (8 if self._latency_s else 1)
        if flight.number > self._last_cut:
            self._clear += 1
        if flight.number == self._probe:
            self._probe, self._spread_until = None, now + self._latency_s
            self._opens_at = min(self._opens_at, now)
        if not self._adaptive:
            return
        knee = self._watch.see(in_flight, latency_s, now, starting=self._refused_at is None)
        if knee is not None:
            self._cut(knee, 1.0)
        elif used and now >= self._falters_until:
            self._grow(now)
        self._seen_at = now

    def refused(self, flight: Flight, now: float, hint_s: float | None, *, exhausted: bool = False) -> None:
        """The server said "later": `hint_s` is its own word for when; `exhausted`: that a quota is used up."""
        self._land(flight)
        self._refusal_s += (now - flight.sent_at - self._refusal_s) / 4
        if flight.number == self._probe:
            self._hold(now, hint_s)
        elif flight.number > self._last_cut:
            again = self._refused_at is not None and self._clear < self.level
            self._cut(max(1, self.in_flight), HARD if again else SOFT)
            if again or exhausted or (hint_s or 0.0) > BUSY_HINT_S:
                self._hold(now, hint_s)
            else:
                self._holds = 0
        else:
            # Sent before the cut: it was counted as accepted, and was not.
            if self._adaptive and self._refused_at is not None:
                self._fall_to(self._refused_at - 1, self._share)
            if (hint_s or 0.0) > BUSY_HINT_S:
                self._opens_at = max(self._opens_at, now + (hint_s or 0.0))

    def faltered(self, flight: Flight, now: float) -> None:
        """No answer, or a 5xx: a place is free, and growth waits.

        One pause for each episode, and as long to grow after it: a server that fails now and then, whatever its
        load, would stop all growth.
        """
        self._land(flight)
        if now >= self._falters_until + FALTER_S:
            self._falters_until = now + FALTER_S

    def dropped(self, flight: Flight) -> None:
        """It ended in a way that says nothing about the server's load."""
        self._land(flight)

    def _land(self, flight: Flight) -> None:
        # Reported twice: by `Landed` as the answer comes, and by `Paced` when all is done.
        if not flight.landed:
            flight.landed = True
            self.in_flight -= 1

    def _grow(self, now: float) -> None:
        if self._refused_at is None:
            self.level = min(self.level + 1, self.most)
            return
        if self._seen_at is not None:
            self._grown_s += now - self._seen_at
        target = self._refused_at * (1 + GROWTH * (self._grown_s - self._back_s()) ** 3)
        # One answer makes room for at most one more beside its own place, however late it comes.
        self.level = min(max(self.level, min(target, self.level + 1)), self.most)

    def _back_s(self) -> float:
        """Returns seconds of growth from the cut to the level that was refused."""
        return float(((1 - self._share) / GROWTH) ** (1 / 3))

    def _cut(self, accepted: float, share: float) -> None:
        self._last_cut, self._clear = self._numbers, 0
        if not self._adaptive:
            return
        self.cuts += 1
        self._fall_to(min(accepted, self.level), share)

    def _fall_to(self, accepted: float, share: float) -> None:
        self._refused_at, self._share, self._grown_s = max(1.0, accepted), share, 0.0
        self.level = max(1.0, self._refused_at * share)

    def _hold(self, now: float, hint_s: float | None) -> None:
        """Nothing goes until the server's own time, or twice as long each time it names none."""
        if hint_s is None:
            hint_s = min(MAX_HOLD_S, max(self._latency_s, 0.5) * 2**self._holds)
        self._holds += 1
        self._probe = 0
        self._opens_at = max(self._opens_at, now + hint_s)
