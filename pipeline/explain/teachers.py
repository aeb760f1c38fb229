"""`stillhouse teachers`: every adapter, or one teacher: what it can honour, and whether it can be used here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipeline.display.grid import render_grid
from pipeline.explain.teacher_facts import Price, ProviderFacts, TeacherFacts
from pipeline.recipe.overrides import parse_value
from pipeline.recipe.teachers import TeacherEntry
from prompts.errors import InputError
from teachers.base import Capabilities
from teachers.catalog import providers
from teachers.terms import Rule

FLAGS = ("temperature", "top_p", "seed", "schema", "system", "score", "batch", "caching")
"""The capabilities that are there or not."""

COLUMNS = tuple(name for name in FLAGS if name != "top_p")
"""Those that the table has room for."""

HINT = (
    "The table shows each example's; `stillhouse teachers SPEC` shows any other's, "
    "`stillhouse teachers SPEC --probe` asks it."
)


@dataclass(slots=True, frozen=True)
class Listing:
    """The catalog."""

    teachers: tuple[ProviderFacts, ...]

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {"teachers": [facts.to_dict() for facts in self.teachers]}


def list_providers() -> Listing:
    """Lists the catalog; loads no SDK."""
    return Listing(tuple(map(ProviderFacts.of, providers())))


def render_providers(listing: Listing) -> str:
    """Renders a table, and under it what does not fit into one."""
    header = ["provider", "ready", "key", "logprobs", *COLUMNS]
    grid = render_grid(header, [_cells(facts) for facts in listing.teachers])
    notes = [f"{facts.provider:<12} {_note(facts)}" for facts in listing.teachers]
    return "\n".join([grid, "", *notes, "", HINT])


def entry_of(spec: str, overrides: Sequence[str] = ()) -> TeacherEntry:
    """Makes a recipe's entry for this spec with `KEY=VALUE` set on it; InputError for a field it does not have."""
    values: dict[str, Any] = {"spec": spec}
    for override in overrides:
        _set(values, override)
    try:
        return TeacherEntry.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(name for name in TeacherEntry.model_fields if name != "spec")
        field = ".".join(map(str, first["loc"]))
        raise InputError(first["msg"], field=field, remedy=f"A teacher's fields: {known}") from error


def render_teacher(facts: TeacherFacts) -> str:
    """Renders a line a fact."""
    return "\n".join(f"{name:<10} {value}" for name, value in _facts(facts) if value)


def _facts(facts: TeacherFacts) -> Iterator[tuple[str, str]]:
    can = facts.capabilities
    yield "teacher", facts.teacher
    yield "ready", "yes" if facts.ready.installed else f"no: {facts.ready.install}"
    yield "key", facts.ready.keys_in_words if facts.needs_key else "none needed"
    yield "api", can.api
    yield "logprobs", f"{can.top_logprobs} alternatives a token at most" if can.top_logprobs else "none"
    yield "takes", ", ".join(name for name in FLAGS if getattr(can, name))
    yield "takes no", ", ".join(name for name in FLAGS if not getattr(can, name))
    yield "efforts", _efforts(can)
    yield "written", _written(can)
    yield "terms", _terms(facts.rule, facts.identity.terms)
    yield "price", _price(facts.price, facts.price_source)


def _set(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not key or not equals:
        raise InputError(f"--set {override}: expected KEY=VALUE", remedy="For example --set api=responses")
    *parents, last = key.split(".")
    at = values
    for name in parents:
        at = at.setdefault(name, {})
        if not isinstance(at, dict):
            raise InputError(f"--set {override}: '{name}' has no fields")
    at[last] = parse_value(text, override)


def _cells(facts: ProviderFacts) -> list[str]:
    can = facts.capabilities
    ready = "yes" if facts.ready.installed else "no"
    flags = ["yes" if getattr(can, name) else "-" for name in COLUMNS]
    return [facts.provider, ready, _key(facts), str(can.top_logprobs or "-"), *flags]


def _key(facts: ProviderFacts) -> str:
    if not facts.ready.keys:
        return "none"
    if facts.ready.key_present:
        return "set"
    return "chain?" if facts.ready.chain else "not set"


def _note(facts: ProviderFacts) -> str:
    parts = [facts.example]
    if not facts.ready.installed:
        parts.append(facts.ready.install)
    parts += [facts.ready.keys_in_words, _written(facts.capabilities)]
    return "; ".join(filter(None, parts))


def _written(can: Capabilities) -> str:
    """Says where its capabilities are written, and when that was read."""
    return ", read ".join(filter(None, (can.source, can.read_on)))


def _efforts(can: Capabilities) -> str:
    if not can.efforts:
        return ""
    line = ", ".join(can.efforts)
    if can.default_effort:
        line += f"; by default {can.default_effort}"
    if can.plain_efforts:
        line += f"; temperature and logprobs only with {', '.join(can.plain_efforts)}"
    return line


def _terms(rule: Rule | None, recorded: str | None) -> str:
    if rule is None:
        # A replay carries the rules of whoever gave the replies.
        return recorded or "no rule is known for its output"
    read = f"read {rule.read_on}" if rule.read_on else "not read by us"
    line = f"{rule.name}: {rule.text} ({rule.url}, {read})"
    if rule.forbids:
        line += f"; not for purpose {', '.join(rule.forbids)}"
    return line


def _price(price: Price | None, source: str) -> str:
    if price is None:
        return source
    cached = ""
    if price.cached != price.input:
        cached = f", ${price.cached:g} cached"
    return f"${price.input:g} in{cached}, ${price.output:g} out, per million tokens ({source})"
