"""The teachers of a recipe, and the ways in which several of them share the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from pipeline.recipe.section import Section
from teachers.pacing.meter import Price
from teachers.spec import BatchOptions, Options, Spec


class PriceEntry(Section):
    """Dollars per million tokens, instead of the list price."""

    input: float = Field(ge=0)
    """Of the prompt."""
    output: float = Field(ge=0)
    """Of the reply, reasoning included."""
    cached: float | None = Field(None, ge=0)
    """Of prompt tokens read from the provider's cache; default: as any input."""
    cache_write: float | None = Field(None, ge=0)
    """Of prompt tokens written to the provider's cache; default: as any input."""


class BatchEntry(Section):
    """The settings of a teacher's batch lane, where `generate.lane` is batch."""

    s3_uri: str | None = Field(None, pattern="^s3://")
    """Bedrock: s3://BUCKET/PREFIX, where requests and results are put; they stay there."""
    role_arn: str | None = None
    """Bedrock: the service role that reads and writes there."""
    min_requests: int | None = Field(None, ge=1)
    """The fewest requests of a job; default: the provider's usual quota."""
    max_requests: int | None = Field(None, ge=1)
    """The most requests of a job; default: the provider's usual quota."""


class TeacherEntry(Section):
    """One teacher: its spec, and what a recipe may say about it."""

    spec: str
    """provider:model[@base_url]."""
    name: str | None = None
    """What `routes` calls it; default: its spec."""
    api: Literal["chat", "responses", "converse", "invoke"] | None = None
    """The API to speak, where its provider has several; default: what the model needs."""
    api_version: str | None = None
    """The API's version, where its provider dates them."""
    region: str | None = None
    """The cloud region; default: the provider's own configuration."""
    cache_prefix: bool = True
    """Ask for caching of the prefix that all prompts share."""
    allow_addresses: list[str] = Field(default_factory=list)
    """Link-local addresses that may be spoken to; all others are refused."""
    capabilities: dict[str, Any] = Field(default_factory=dict)
    """What to believe it can honour, instead of its provider's table in teachers/providers/."""
    price: PriceEntry | None = None
    """Its price; default: the list price, where one is known."""
    batch: BatchEntry = BatchEntry()
    """Its batch lane."""
    account: str | None = None
    """Teachers of the same account share its limits and its ceiling; default: those whose key goes to the same host."""
    requests_per_minute: float | None = Field(None, gt=0)
    """The account's quota of requests; default: found out from the server."""
    tokens_per_minute: float | None = Field(None, gt=0)
    """The account's quota of tokens, prompt and reply together; default: found out from the server."""

    @property
    def label(self) -> str:
        """The name by which this recipe calls it."""
        return self.name or self.spec

    def to_spec(self) -> Spec:
        """Returns the spec with its options; InputError where it is no spec."""
        parsed = Spec.parse(self.spec)
        # Sorted: recipes that list the same capabilities in another order have equal specs.
        options = Options(
            api=self.api,
            api_version=self.api_version,
            region=self.region,
            cache_prefix=self.cache_prefix,
            allow_addresses=tuple(self.allow_addresses),
            capabilities=tuple(sorted(self.capabilities.items())),
            batch=BatchOptions(**self.batch.model_dump()),
        )
        return Spec(parsed.provider, parsed.model, parsed.base_url, options)

    def to_price(self) -> Price | None:
        """Returns the recipe's price for it, if it gives one."""
        if self.price is None:
            return None
        return Price(**self.price.model_dump())


class Combine(Section):
    """The way from several teachers, or several samples of one, to the corpus. The corpus keeps every reply."""

    how: Literal["all", "route", "fallback", "vote", "best"] = "all"
    """`all`: each teacher answers every prompt. `route`: one teacher a prompt, by a column or by weight.
    `fallback`: the next teacher answers where the one before refused or failed. `vote` and `best`: as `all`,
    then agreement or a judge picks one reply a prompt."""
    by: str | None = None
    """`route`: the column whose value chooses the teacher."""
    routes: dict[str, str] = Field(default_factory=dict)
    """`route`: value -> teacher's name; "*" stands for every other value."""
    weights: list[float] | None = None
    """`route` without `by`: the teachers' shares of the prompts, in their order; default: equal shares."""
    min_share: float = Field(0.5, ge=0, le=1)
    """`vote`: the share of a prompt's replies that must agree."""
    judge: TeacherEntry | None = None
    """`best`: the teacher that picks."""
    rubric: str = "the most correct, complete and well written answer"
    """`best`: what the judge is asked to pick."""

    def shares(self, teachers: int) -> list[float]:
        """Returns the teachers' shares of the prompts, summing to 1."""
        weights = self.weights or [1.0] * teachers  # need not sum to 1: [3, 1] is how people write three quarters
        return [weight / sum(weights) for weight in weights]


class Rescore(Section):
    """A second, open teacher that gives logprobs to replies whose own teacher gave none."""

    teacher: TeacherEntry
    """Must be able to score a text: huggingface, or a vLLM server."""
    top_logprobs: int = Field(20, ge=1)
    """Alternatives per token."""


@dataclass(slots=True, frozen=True)
class Problem:
    """A mistake in a recipe's `combine`: the field, what is wrong, what would be right."""

    field: str
    problem: str
    remedy: str


def problem_of(combine: Combine, teachers: Sequence[TeacherEntry], samples: int) -> Problem | None:
    """Returns the first thing about `combine` that cannot work with these teachers; None where all is well."""
    labels = [entry.label for entry in teachers]
    # `routes` and the page know a teacher by its label alone.
    if len(set(labels)) < len(labels):
        return Problem("teacher", "names a teacher twice", "Give each its own `name`")
    match combine.how:
        case "fallback" if len(labels) < 2:
            return Problem("combine.how", "is fallback, but there is one teacher", "List another to fall back to")
        case "vote" | "best" if len(labels) * samples < 2:
            return Problem("combine.how", f"is {combine.how}, but each prompt has one reply", "Set generate.samples")
        case "best" if combine.judge is None:
            return Problem("combine.judge", "is missing", "Name the teacher that picks the best reply")
        case "route":
            return _route_problem(combine, labels)
    return None


def _route_problem(combine: Combine, labels: list[str]) -> Problem | None:
    if combine.by is not None and not combine.routes:
        return Problem("combine.routes", "is missing", f"Give each value of '{combine.by}' a teacher")
    if combine.by is None and combine.routes:
        return Problem("combine.by", "is missing", "Name the column whose values `routes` lists")
    for name in combine.routes.values():
        if name not in labels:
            return Problem("combine.routes", f"names '{name}'", f"The teachers are {', '.join(labels)}")
    if combine.weights is not None and not _are_shares(combine.weights, len(labels)):
        remedy = f"Give {len(labels)} numbers, none below 0"
        return Problem("combine.weights", "is not a share for each teacher", remedy)
    return None


def _are_shares(weights: Sequence[float], teachers: int) -> bool:
    return len(weights) == teachers and min(weights) >= 0 and sum(weights) > 0


def to_entries(value: Any) -> Any:
    """Makes a list of entries of a spec, an entry, or a list of either, before they are checked."""
    if not isinstance(value, list):
        value = [value]
    return [to_entry(item) for item in value]


def to_entry(value: Any) -> Any:
    """Makes an entry of a spec that stands alone."""
    if isinstance(value, str):
        return {"spec": value}
    return value
