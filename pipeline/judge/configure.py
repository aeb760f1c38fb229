"""The way in which a judge is asked, whoever it is."""

from __future__ import annotations

from typing import Any

from pipeline.inference.endpoints import ConfiguredTeacher, configure_teacher
from pipeline.recipe.recipe import Generate
from pipeline.recipe.teachers import TeacherEntry

MAX_TOKENS = 1024
"""A number or a sentence is all that is wanted, but a judge that reasons counts its thoughts too."""


def configure_judge(generate: Generate, entry: TeacherEntry, schema: dict[str, Any] | None = None) -> ConfiguredTeacher:
    """Describes the judge, asked as surely as it can be: at temperature 0 and held to the schema where it can be."""
    # The recipe's own sampling is for replies: a judge that is asked twice should say the same twice.
    changes: dict[str, Any] = {"temperature": 0.0, "top_p": None, "seed": None, "top_logprobs": 0}
    changes |= {"json_schema": schema, "max_tokens": MAX_TOKENS, "reasoning_effort": None}
    # Reasoning models refuse a temperature, and small servers a schema: neither is a reason to have no judge.
    changes |= {"optional": ["temperature", "json_schema"]}
    return configure_teacher(entry, generate.model_copy(update=changes), system=False)
