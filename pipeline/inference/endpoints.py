"""The recipe's teachers, described before any is opened: who each is, and what it will be asked with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from pipeline.recipe.recipe import Generate, Recipe
from pipeline.recipe.teachers import TeacherEntry
from prompts.messages import Conversation, Message
from prompts.prompt import Prompt
from teachers.arrival import Lack, check_supported, lacks
from teachers.base import Request, Sampling
from teachers.catalog import Description, describe
from teachers.errors import Unsupported

PROBE: Conversation = (Message("system", "s"), Message("user", "u"))

THINKING_TOKENS = 1024
"""The least budget Anthropic takes for thinking, and the least sensible one elsewhere:
https://platform.claude.com/docs/en/build-with-claude/extended-thinking"""


@dataclass(slots=True, frozen=True)
class ConfiguredTeacher:
    """One teacher of a recipe."""

    entry: TeacherEntry
    description: Description
    sampling: Sampling
    schema: str | None
    left_out: tuple[str, ...] = ()
    """Fields of `generate` that it cannot honour and that the recipe calls optional."""

    @property
    def warms_cache(self) -> bool:
        """Says whether the first request goes alone: sent at once, each would pay to write the prefix to the cache."""
        return self.description.capabilities.caching and self.description.spec.options.cache_prefix

    def fingerprint(self) -> list[Any]:
        """Returns what changes its answers."""
        identity = self.description.identity
        endpoint = [identity.provider, identity.model, identity.base_url, identity.api_version]
        return [endpoint, orjson.loads(orjson.dumps(self.sampling)), self.schema]


def warnings_about(endpoint: ConfiguredTeacher) -> Iterator[str]:
    """Yields what the user should know before this teacher is asked."""
    label = endpoint.entry.label
    if endpoint.left_out:
        yield f"{label} cannot honour {', '.join(endpoint.left_out)}: left out, as generate.optional allows"
    effort = endpoint.sampling.reasoning_effort or endpoint.description.capabilities.default_effort
    most = endpoint.sampling.max_tokens
    if effort not in ("", "none") and most is not None and most < THINKING_TOKENS:
        yield (
            f"{label} thinks (effort '{effort}') and its thoughts count towards max_tokens: with {most} a reply may "
            "have no text. Raise generate.max_tokens, or set generate.reasoning_effort to none where it takes that"
        )


def configure_teachers(recipe: Recipe, system: bool) -> list[ConfiguredTeacher]:
    """Describes each teacher of the recipe, in its order.

    `system` says whether the prompts have system text. Raises Unsupported where a teacher cannot honour
    what the recipe asks for and does not call optional; InputError for a bad spec.
    """
    return [configure_teacher(entry, recipe.generate, system) for entry in recipe.teacher]


def has_system(prompts: Sequence[Prompt]) -> bool:
    """Says whether any prompt begins with system text."""
    return any(prompt.teacher_messages[0].role == "system" for prompt in prompts)


def configure_teacher(entry: TeacherEntry, generate: Generate, system: bool) -> ConfiguredTeacher:
    """Describes one teacher, less what it cannot honour and the recipe calls optional."""
    teacher = describe(entry.to_spec())
    asked = Request(teacher.identity, PROBE if system else PROBE[1:], sampling_of(generate), schema_of(generate))
    left_out: list[str] = []
    while lacking := lacks(teacher.capabilities, asked):
        lack = next((lack for lack in lacking if lack.field in generate.optional), None)
        if lack is None:
            says = "; ".join(lack.says for lack in lacking)
            remedy = "Or name it in generate.optional, to leave it out where a teacher cannot honour it"
            message = f"'{entry.label}' cannot do this; {says}"
            raise Unsupported(message, provider=teacher.identity.provider, remedy=remedy)
        asked = _without(asked, lack, teacher.capabilities.top_logprobs)
        left_out.append(lack.field)
    return ConfiguredTeacher(entry, teacher, asked.sampling, asked.schema, tuple(dict.fromkeys(left_out)))


def configure_scorer(recipe: Recipe) -> ConfiguredTeacher | None:
    """The rescorer described; Unsupported where it cannot score a text. None where the recipe has none."""
    if recipe.rescore is None:
        return None
    entry = recipe.rescore.teacher
    who = describe(entry.to_spec())
    sampling = Sampling(top_logprobs=recipe.rescore.top_logprobs)
    check_supported(who, Request(who.identity, PROBE[1:], sampling, continuation="x"))
    return ConfiguredTeacher(entry, who, sampling, None)


def sampling_of(generate: Generate) -> Sampling:
    """The recipe's sampling parameters."""
    return Sampling(
        temperature=generate.temperature,
        top_p=generate.top_p,
        max_tokens=generate.max_tokens,
        seed=generate.seed,
        top_logprobs=generate.top_logprobs,
        reasoning_effort=generate.reasoning_effort,
    )


def schema_of(generate: Generate) -> str | None:
    """The recipe's JSON schema as canonical JSON."""
    if generate.json_schema is None:
        return None
    return orjson.dumps(generate.json_schema, option=orjson.OPT_SORT_KEYS).decode()


def _without(asked: Request, lack: Lack, most: int) -> Request:
    """The request less what is lacking; of logprobs it keeps as many as there are."""
    if lack.field == "json_schema":
        return replace(asked, schema=None)
    how = asked.sampling
    if lack.field == "top_logprobs":
        return replace(asked, sampling=replace(how, top_logprobs=most if how.top_logprobs > most else 0))
    nothing: dict[str, Any] = {lack.field: None}
    return replace(asked, sampling=replace(how, **nothing))
