"""What is known of a teacher before it is asked: whether it can be used here, what it can honour, terms, price."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.inference.prices import no_price
from pipeline.recipe.teachers import TeacherEntry
from teachers.base import Capabilities, Identity, Usage
from teachers.capabilities import capabilities_of
from teachers.catalog import Description, describe
from teachers.pacing.meter import cost_usd
from teachers.provider import Provider
from teachers.spec import Spec
from teachers.terms import Rule, rule_of

_SMALL = 1000  # tokens: below every price tier, which begin at tens of thousands
_MILLION = 1_000_000


@dataclass(slots=True, frozen=True)
class Ready:
    """The things that must be there before a teacher can be opened. A key is looked for and never read out."""

    keys: Mapping[str, bool]
    """The variables that can hold the key, and whether each is set."""
    chain: str | None
    """Where else its SDK looks for a key."""
    key_present: bool
    extra: str | None
    """The extra that it comes with."""
    installed: bool

    @classmethod
    def of(cls, provider: Provider, keys: tuple[str, ...], *, key_present: bool) -> Ready:
        """Looks for the keys in the environment, and for the SDK."""
        is_set = {key: bool(os.environ.get(key)) for key in keys}
        return cls(is_set, provider.chain, key_present, provider.extra, provider.installed)

    @property
    def install(self) -> str:
        """Returns the command that installs what is missing."""
        return f"pip install 'stillhouse[{self.extra}]'"

    @property
    def keys_in_words(self) -> str:
        """Returns each key with whether it is set, and where else one is looked for."""
        words = [f"{key} is {'set' if is_set else 'not set'}" for key, is_set in self.keys.items()]
        if self.chain:
            words.append(f"else {self.chain}")
        return ", ".join(words)


@dataclass(slots=True, frozen=True)
class ProviderFacts:
    """An adapter, and its example's capabilities."""

    provider: str
    example: str
    ready: Ready
    capabilities: Capabilities

    @classmethod
    def of(cls, provider: Provider) -> ProviderFacts:
        """Reads them; loads no SDK."""
        ready = Ready.of(provider, tuple(provider.keys), key_present=provider.key_present)
        return cls(provider.name, provider.example, ready, capabilities_of(Spec.parse(provider.example)))

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        capabilities = asdict(self.capabilities)
        return {"provider": self.provider, "example": self.example, **asdict(self.ready), "capabilities": capabilities}


@dataclass(slots=True, frozen=True)
class Price:
    """Dollars per million tokens."""

    input: float
    output: float
    cached: float


@dataclass(slots=True, frozen=True)
class TeacherFacts:
    """One teacher as a recipe would name it."""

    teacher: str
    """Its spec."""
    identity: Identity
    ready: Ready
    needs_key: bool
    capabilities: Capabilities
    rule: Rule | None
    """Its provider's rule for training on its output, where one is known."""
    price: Price | None
    price_source: str
    """Whose price it is, or why none is known."""

    def to_dict(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "teacher": self.teacher,
            "identity": asdict(self.identity),
            **asdict(self.ready),
            "needs_key": self.needs_key,
            "capabilities": asdict(self.capabilities),
            "terms": self.rule and self.rule.model_dump(mode="json"),
            "price": self.price and asdict(self.price),
            "price_source": self.price_source,
        }


def facts_of(entry: TeacherEntry) -> TeacherFacts:
    """Collects what is known of the teacher of a recipe's entry. Opens nothing; InputError for a bad spec."""
    teacher = describe(entry.to_spec())
    price, source = price_of(teacher, entry)
    return TeacherFacts(
        teacher=str(teacher.spec),
        identity=teacher.identity,
        ready=Ready.of(teacher.provider, teacher.keys, key_present=teacher.key_present),
        needs_key=teacher.needs_key,
        capabilities=teacher.capabilities,
        rule=rule_of(teacher.spec),
        price=price,
        price_source=source,
    )


def price_of(teacher: Description, entry: TeacherEntry) -> tuple[Price | None, str]:
    """Returns the recipe's price or the list's, with whose it is; None with why none is known."""
    given = entry.to_price()
    uses = (
        Usage(input_tokens=_SMALL, output_tokens=0),
        Usage(input_tokens=0, output_tokens=_SMALL),
        Usage(input_tokens=_SMALL, cached_tokens=_SMALL, output_tokens=0),
    )
    per_million = []
    for usage in uses:
        cost = cost_usd(teacher.identity, usage, given)
        if cost is None:
            return None, no_price(teacher)
        per_million.append(round(cost * _MILLION / _SMALL, 9))
    source = "the recipe" if given else "genai-prices"
    return Price(*per_million), source
