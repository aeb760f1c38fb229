"""`stillhouse teachers`: every adapter, or one teacher: what it can honour, and whether it can be used here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.display.grid import render_grid
from pipeline.inference.prices import no_price
from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import InputError
from teachers.base import Usage
from teachers.capabilities import capabilities_of
from teachers.catalog import Description, describe, providers
from teachers.pacing.meter import cost_usd
from teachers.provider import Provider
from teachers.spec import Spec
from teachers.terms import rule_of

FLAGS = ("temperature", "top_p", "seed", "schema", "system", "score", "batch", "caching")
"""The capabilities that are there or not."""


_SMALL = 1000  # tokens: below every price tier, which begin at tens of thousands


def list_providers() -> dict[str, Any]:
    """The catalog as data; loads no SDK."""
    return {"teachers": [_entry(provider) for provider in providers()]}


def render_providers(listed: Mapping[str, Any]) -> str:
    """A table, and under it what does not fit into one."""
    entries = listed["teachers"]
    notes = [f"{entry['provider']:<12} {_note(entry)}" for entry in entries]
    return "\n".join(
        [
            render_grid(_header(), [_cells(entry) for entry in entries]),
            "",
            *notes,
            "",
            "The table shows each example's; `stillhouse teachers SPEC` shows any other's, "
            "`stillhouse teachers SPEC --probe` asks it.",
        ]
    )


def entry_of(spec: str, overrides: Sequence[str] = ()) -> TeacherEntry:
    """A recipe's entry for this spec with `KEY=VALUE` set on it; InputError for a field it does not have."""
    values: dict[str, Any] = {"spec": spec}
    for override in overrides:
        key, equals, text = override.partition("=")
        if not key or not equals:
            raise InputError(f"--set {override}: expected KEY=VALUE", remedy="For example --set api=responses")
        *parents, last = key.split(".")
        at = values
        for name in parents:
            at = at.setdefault(name, {})
            if not isinstance(at, dict):
                raise InputError(f"--set {override}: '{name}' has no fields")
        at[last] = yaml.safe_load(text)
    try:
        return TeacherEntry.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(name for name in TeacherEntry.model_fields if name != "spec")
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(first["msg"], field=field, remedy=f"A teacher's fields: {known}") from error


def show_teacher(entry: TeacherEntry) -> dict[str, Any]:
    """One teacher as data: who, what it can honour, its terms, price and key. Opens nothing."""
    found = describe(entry.to_spec())
    rule = rule_of(found.spec)
    return {
        "teacher": str(found.spec),
        "identity": asdict(found.identity),
        **_ready(found.provider),
        "keys": {key: bool(os.environ.get(key)) for key in found.keys},
        "key_present": found.key_present,
        "needs_key": found.needs_key,
        "capabilities": asdict(found.capabilities),
        "terms": None if rule is None else rule.model_dump(mode="json"),
        **price_of(found, entry),
    }


def render_teacher(shown: Mapping[str, Any]) -> str:
    """A line a fact."""
    can = shown["capabilities"]
    lines = {
        "teacher": shown["teacher"],
        "ready": "yes" if shown["installed"] else f"no: {_install(shown)}",
        "key": _keys(shown) if shown["needs_key"] else "none needed",
        "api": can["api"],
        "logprobs": f"{can['top_logprobs']} alternatives a token at most" if can["top_logprobs"] else "none",
        "takes": ", ".join(name for name in FLAGS if can[name]),
        "takes no": ", ".join(name for name in FLAGS if not can[name]),
        "efforts": _efforts(can),
        "written": ", read ".join(filter(None, (can["source"], can["read_on"]))),
        "terms": _terms(shown),
        "price": _price(shown),
    }
    return "\n".join(f"{name:<10} {value}" for name, value in lines.items() if value)


def price_of(found: Description, entry: TeacherEntry) -> dict[str, Any]:
    """Dollars per million tokens, the recipe's or the list's, or why none is known."""
    price = entry.to_price()
    kinds = {
        "input": Usage(input_tokens=_SMALL, output_tokens=0),
        "output": Usage(input_tokens=0, output_tokens=_SMALL),
        "cached": Usage(input_tokens=_SMALL, cached_tokens=_SMALL, output_tokens=0),
    }
    costs = {name: cost_usd(found.identity, usage, price) for name, usage in kinds.items()}
    if any(cost is None for cost in costs.values()):
        return {"price": None, "price_source": no_price(found)}
    per_million = {name: round((cost or 0.0) * 1_000_000 / _SMALL, 9) for name, cost in costs.items()}
    return {"price": per_million, "price_source": "the recipe" if price else "genai-prices"}


def _entry(provider: Provider) -> dict[str, Any]:
    return {
        "provider": provider.name,
        "example": provider.example,
        **_ready(provider),
        "capabilities": asdict(capabilities_of(Spec.parse(provider.example))),
    }


def _ready(provider: Provider) -> dict[str, Any]:
    """What has to be there before it can be opened. A key is looked for and never read out."""
    return {
        "keys": {key: bool(os.environ.get(key)) for key in provider.keys},
        "chain": provider.chain,
        "key_present": provider.key_present,
        "extra": provider.extra,
        "installed": provider.installed,
    }


def _header() -> list[str]:
    return ["provider", "ready", "key", "logprobs", *(name for name in FLAGS if name != "top_p")]


def _cells(entry: Mapping[str, Any]) -> list[str]:
    can = entry["capabilities"]
    key = "none" if not entry["keys"] else "set" if entry["key_present"] else "chain?" if entry["chain"] else "not set"
    flags = ["yes" if can[name] else "-" for name in FLAGS if name != "top_p"]
    return [entry["provider"], "yes" if entry["installed"] else "no", key, str(can["top_logprobs"] or "-"), *flags]


def _note(entry: Mapping[str, Any]) -> str:
    can = entry["capabilities"]
    parts = [
        entry["example"],
        "" if entry["installed"] else _install(entry),
        _keys(entry),
        ", read ".join(filter(None, (can["source"], can["read_on"]))),
    ]
    return "; ".join(filter(None, parts))


def _install(entry: Mapping[str, Any]) -> str:
    return f"pip install 'stillhouse[{entry['extra']}]'"


def _keys(entry: Mapping[str, Any]) -> str:
    keys = [f"{key} is {'set' if there else 'not set'}" for key, there in entry["keys"].items()]
    return ", ".join([*keys, *([f"else {entry['chain']}"] if entry["chain"] else [])])


def _efforts(can: Mapping[str, Any]) -> str:
    if not can["efforts"]:
        return ""
    plain = f"; temperature and logprobs only with {', '.join(can['plain_efforts'])}" if can["plain_efforts"] else ""
    default = f"; by default {can['default_effort']}" if can["default_effort"] else ""
    return ", ".join(can["efforts"]) + default + plain


def _terms(shown: Mapping[str, Any]) -> str:
    rule = shown["terms"]
    if rule is None:
        # A replay carries the rules of whoever gave the replies.
        return shown["identity"]["terms"] or "no rule is known for its output"
    forbids = f"; not for purpose {', '.join(rule['forbids'])}" if rule["forbids"] else ""
    read = f"read {rule['read_on']}" if rule["read_on"] else "not read by us"
    return f"{rule['name']}: {rule['text']} ({rule['url']}, {read}){forbids}"


def _price(shown: Mapping[str, Any]) -> str:
    price = shown["price"]
    if price is None:
        return str(shown["price_source"])
    cached = f", ${price['cached']:g} cached" if price["cached"] != price["input"] else ""
    return f"${price['input']:g} in{cached}, ${price['output']:g} out, per million tokens ({shown['price_source']})"
