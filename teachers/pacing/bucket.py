"""A quota over time: what is taken now, and when the next may be taken."""

from __future__ import annotations


class Bucket:
    """A token bucket: it refills at `rate` a second up to `burst`, and every request takes its amount.

    A request larger than the burst is let through when the bucket is full, and its debt is waited for
    afterwards. So in any T seconds at most `rate * T + max(burst, largest amount)` is taken.
    """

    def __init__(self, rate: float, burst: float, now: float, *, level: float | None = None) -> None:
        self.rate, self.burst = rate, burst
        self._level, self._at = burst if level is None else min(level, burst), now

    @classmethod
    def per_minute(cls, amount: float, now: float) -> Bucket:
        """Returns a quota a minute, spread evenly: a second's worth, at least one, may go at once.

        Providers enforce a quota a minute over shorter windows too:
        https://developers.openai.com/api/docs/guides/rate-limits
        """
        return cls(amount / 60, max(1.0, amount / 60), now)

    def level(self, now: float) -> float:
        """Returns the amount that may be taken at `now`; below 0 while a debt is waited for."""
        if now > self._at:
            self._level, self._at = min(self.burst, self._level + self.rate * (now - self._at)), now
        return self._level

    def ready_at(self, amount: float, now: float) -> float:
        """Returns the moment from which `amount` may be taken; `now` where it may be at once."""
        lacking = min(amount, self.burst) - self.level(now)
        # A rounding error must not become a wait of no length.
        return now if lacking <= 1e-9 else now + lacking / self.rate

    def take(self, amount: float, now: float) -> None:
        """Takes it, whatever is there."""
        self._level = self.level(now) - amount

    def give_back(self, amount: float, now: float) -> None:
        """Undoes part of what was taken: what a request turned out not to need; below 0, what it needed beside."""
        self._level = min(self.burst, self.level(now) + amount)
