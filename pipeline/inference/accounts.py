"""Which of a recipe's teachers share an account, and what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.inference.endpoints import ConfiguredTeacher
from pipeline.recipe.recipe import Generate
from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import InputError
from teachers.pacing.account import Account

LIMITS = ("requests_per_minute", "tokens_per_minute")


def account_of(endpoint: ConfiguredTeacher) -> str:
    """The account's name: the recipe's, else whose key goes where. A model in this process has one of its own."""
    spec, provider = endpoint.description.spec, endpoint.description.provider
    if endpoint.entry.account is not None:
        return endpoint.entry.account
    if not provider.keys:
        return str(spec)
    return " ".join(filter(None, (provider.name, urlsplit(spec.base_url or "").netloc, spec.options.region)))


def check_limits(endpoints: Mapping[int, ConfiguredTeacher]) -> None:
    """InputError where teachers that share an account give it different limits."""
    known: dict[tuple[str, str], TeacherEntry] = {}
    for endpoint in endpoints.values():
        for name in LIMITS:
            value = getattr(endpoint.entry, name)
            if value is None:
                continue
            other = known.setdefault((account_of(endpoint), name), endpoint.entry)
            if getattr(other, name) != value:
                raise InputError(
                    f"differs between '{other.label}' and '{endpoint.entry.label}', which share an account",
                    field=f"teacher.{name}",
                    remedy="Give both the same, or each its own `account`",
                )


def open_accounts(endpoints: Mapping[int, ConfiguredTeacher], generate: Generate) -> dict[int, Account]:
    """Opens each teacher's account, in the running loop; InputError where two say different things of the same."""
    check_limits(endpoints)
    opened: dict[str, Account] = {}
    for name in dict.fromkeys(map(account_of, endpoints.values())):
        sharing = [endpoint for endpoint in endpoints.values() if account_of(endpoint) == name]
        limits = {limit: _stated(sharing, limit) for limit in LIMITS}
        hosted = any(endpoint.description.provider.keys for endpoint in sharing)
        opened[name] = Account(generate.concurrency, adaptive=hosted, **limits)
    return {number: opened[account_of(endpoint)] for number, endpoint in endpoints.items()}


def _stated(sharing: list[ConfiguredTeacher], limit: str) -> float | None:
    return next((value for endpoint in sharing if (value := getattr(endpoint.entry, limit)) is not None), None)
