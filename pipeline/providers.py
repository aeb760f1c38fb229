"""`stillhouse teachers`: every adapter, what it can honour, and whether it can be used here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from teachers.catalog import Provider, providers


def list_providers() -> dict[str, Any]:
    """The catalog as data; loads no SDK."""
    return {"teachers": [_entry(provider) for provider in providers()]}


def render_providers(listed: dict[str, Any]) -> str:
    """A paragraph a provider."""
    return "\n".join(_render(entry) for entry in listed["teachers"])


def _entry(provider: Provider) -> dict[str, Any]:
    return {
        "provider": provider.name,
        "example": provider.example,
        "keys": list(provider.keys),
        "chain": provider.chain,
        "key_present": provider.key_present,
        "extra": provider.extra,
        "installed": provider.installed,
        "capabilities": asdict(provider.capabilities),
    }


def _render(entry: dict[str, Any]) -> str:
    can = entry["capabilities"]
    logprobs = f"top {can['top_logprobs']} logprobs" if can["top_logprobs"] else "no logprobs"
    rest = ", ".join(name for name in ("temperature", "top_p", "seed", "schema", "system") if can[name])
    key = "needs no key"
    if entry["keys"]:
        key = f"{' or '.join(entry['keys'])} is {'set' if entry['key_present'] else 'not set'}"
    have = "ready" if entry["installed"] else f"needs: pip install 'stillhouse[{entry['extra']}]'"
    return (
        f"{entry['provider']:<12} {have}; {key}\n{'':<12} {logprobs}; {rest}\n{'':<12} for example {entry['example']}"
    )
