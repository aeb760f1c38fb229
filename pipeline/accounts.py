"""Which of a recipe's teachers share an account, and what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.recipe import Generate
from pipeline.roster import TeacherEntry
from pipeline.seats import Seat
from prompts.errors import InputError
from teachers.account import Account

LIMITS = ("requests_per_minute", "tokens_per_minute")


def account_of(seat: Seat) -> str:
    """The account's name: the recipe's, else whose key goes where. A model in this process has one of its own."""
    spec, provider = seat.who.spec, seat.who.provider
    if seat.entry.account is not None:
        return seat.entry.account
    if not provider.keys:
        return str(spec)
    return " ".join(filter(None, (provider.name, urlsplit(spec.base_url or "").netloc, spec.options.region)))


def check_limits(seats: Mapping[int, Seat]) -> None:
    """InputError where teachers that share an account give it different limits."""
    known: dict[tuple[str, str], TeacherEntry] = {}
    for seat in seats.values():
        for name in LIMITS:
            value = getattr(seat.entry, name)
            other = known.setdefault((account_of(seat), name), seat.entry) if value is not None else seat.entry
            if getattr(other, name) != value:
                raise InputError(
                    f"differs between '{other.label}' and '{seat.entry.label}', which share an account",
                    field=f"teacher.{name}",
                    remedy="Give both the same, or each its own `account`",
                )


def open_accounts(seats: Mapping[int, Seat], generate: Generate) -> dict[int, Account]:
    """Each seat's account, in the running loop; InputError where two say different things of the same."""
    check_limits(seats)
    opened: dict[str, Account] = {}
    for name in dict.fromkeys(map(account_of, seats.values())):
        sharing = [seat for seat in seats.values() if account_of(seat) == name]
        limits = {limit: _stated(sharing, limit) for limit in LIMITS}
        hosted = any(seat.who.provider.keys for seat in sharing)
        opened[name] = Account(generate.concurrency, adaptive=hosted, **limits)
    return {number: opened[account_of(seat)] for number, seat in seats.items()}


def _stated(sharing: list[Seat], limit: str) -> float | None:
    return next((value for seat in sharing if (value := getattr(seat.entry, limit)) is not None), None)
