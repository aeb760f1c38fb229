"""Pii: personal identifiers and keys, masked where they stand, or the row dropped."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from pipeline.recipe.step import Rewrite, Step, Tools
from pipeline.recipe.verdict import Drop, Keep, Rule, Sample, Verdict, each
from prompts.messages import Message

if TYPE_CHECKING:  # its patterns are compiled when a rule is made
    from pipeline.curate.masks import Names


class Pii(Step):
    """Masks e-mail addresses, phone and card numbers, keys and the like in prompt and completion, or drops the row.

    On both sides of the split. The columns `messages`, `reply` and `tokens` stay as they were sent and received.
    """

    step: Literal["pii"] = "pii"
    action: Literal["mask", "drop"] = "mask"
    """`mask` puts <EMAIL> or <PHONE_2> in an identifier's place, the same for the same value; `drop` drops the row."""
    kinds: list[Literal["email", "phone", "iban", "card", "ip", "ssn", "key"]] = Field(
        default=["email", "phone", "iban", "card", "ip", "ssn", "key"], min_length=1
    )
    """What is looked for. `key` is a secret by a known issuer's format; `phone` is international or North American."""
    presidio: str | None = None
    """A spaCy model, by its package's name or its folder: with it presidio also finds names of people and places.
    None looks for patterns alone. Needs the extra `pii`."""

    rewrites_people: ClassVar[bool] = True
    limit: ClassVar[str | None] = (
        "Personal identifiers were looked for by pattern; names of people and places have none."
    )
    limit_without: ClassVar[str | None] = (
        "Nobody looked for personal identifiers or keys: the recipe has no step `pii`."
    )

    def rule(self, tools: Tools) -> Rule:
        """Masks or drops on both sides of the split: nothing is selected by it. A drop's reason is the first kind."""
        return each(partial(_verdict, self, self._names()))

    @property
    def rewrites(self) -> bool:
        """Masks."""
        return True

    def rewriter(self) -> Rewrite:
        """Masks as the rule does; where that drops, the text may not stay."""
        return partial(_masked_or_none, self, self._names())

    def _names(self) -> Names | None:
        if not self.presidio:
            return None
        from pipeline.curate.presidio import named_entities

        return named_entities(self.presidio)


def _verdict(config: Pii, names: Names | None, sample: Sample) -> Verdict:
    from pipeline.curate.masks import Mask

    # One mask for prompt and reply: the same address must have the same placeholder in both.
    mask = Mask(config.kinds, names)
    mask.reserve([*(turn.content for turn in sample.student_messages), sample.completion])
    student_messages = tuple(Message(turn.role, mask.apply(turn.content)) for turn in sample.student_messages)
    completion = mask.apply(sample.completion)
    soft_labels = tuple((mask.apply(text), share) for text, share in sample.soft_labels)
    if not mask.kinds_found:
        return Keep(sample)
    if config.action == "drop":
        return Drop(mask.kinds_found[0], len(mask.kinds_found))
    return Keep(replace(sample, student_messages=student_messages, completion=completion, soft_labels=soft_labels))


def _masked_or_none(config: Pii, names: Names | None, sample: Sample) -> Sample | None:
    verdict = _verdict(config, names, sample)
    return verdict.sample if isinstance(verdict, Keep) else None


STEP = Pii
