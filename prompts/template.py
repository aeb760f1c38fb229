"""Strict, sandboxed prompt templates.

A template is a Markdown file: YAML front matter (`name`, `fields`, optional `system`, optional `examples`),
then the user turn as Jinja2. Row data are values, never template source; a missing field is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, UndefinedError, meta
from jinja2 import Template as JinjaTemplate
from jinja2.sandbox import ImmutableSandboxedEnvironment

from prompts.errors import InputError
from prompts.messages import Conversation, Message
from prompts.template_source import FrontMatter, TemplateSource, read_template


@dataclass(frozen=True)
class Template:
    """A parsed template. Rendering is strict and cannot reach anything but the given fields."""

    head: FrontMatter
    body: str
    path: Path

    @cached_property
    def digest(self) -> str:
        """Names everything that changes the rendered conversation."""
        return TemplateSource(self.head, self.body).digest

    @cached_property
    def _user(self) -> JinjaTemplate:
        return _environment().from_string(self.body)

    @cached_property
    def _system(self) -> JinjaTemplate | None:
        if self.head.system is None:
            return None
        return _environment().from_string(self.head.system)

    @cached_property
    def _examples(self) -> Conversation:
        """Returns the examples' turns, which are the same for every row."""
        turns = []
        for example in self.head.examples:
            turns.append(Message("user", self._user.render(example.fields)))
            turns.append(Message("assistant", example.answer))
        return tuple(turns)

    def select(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the fields of `row` that the template uses; KeyError names the first missing one."""
        return {name: row[name] for name in self.head.fields}

    def render(self, fields: Mapping[str, Any], *, examples: bool = True) -> Conversation:
        """Returns the conversation for one row: system, examples unless told otherwise, then the user turn.

        Raises InputError where a template cannot be rendered from these fields.
        """
        turns: list[Message] = []
        try:
            if self._system is not None:
                turns.append(Message("system", self._system.render(fields).strip()))
            if examples:
                turns.extend(self._examples)
            turns.append(Message("user", self._user.render(fields)))
            return tuple(turns)
        # A template can divide by a field or add a number to a text: whatever a row makes of that is the row's mistake.
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise InputError(f"cannot be rendered: {error}", path=self.path) from error


def load_template(path: Path) -> Template:
    """Reads and checks a template file; InputError names file, line and field."""
    source = read_template(path)
    template = Template(source.head, source.body, path)
    _check_names(template)
    _check_examples(template)
    return template


def _environment() -> ImmutableSandboxedEnvironment:
    # Not autoescaped: a prompt is text, and `&amp;` is not what a row says.
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def _check_names(template: Template) -> None:
    for source in filter(None, (template.head.system, template.body)):
        try:
            used = meta.find_undeclared_variables(_environment().parse(source))
        except TemplateError as error:
            raise InputError(f"is not a template: {error}", path=template.path) from error
        # Sorted: the same one is named in every process. A field that is declared and not used does no harm.
        for name in sorted(used - set(template.head.fields)):
            raise InputError("is used but not declared", path=template.path, field=name, remedy="Add it to 'fields'")


def _check_examples(template: Template) -> None:
    for number, example in enumerate(template.head.examples, start=1):
        try:
            template._user.render(example.fields)
        except UndefinedError as error:
            raise InputError(f"example {number}: {error}", path=template.path, field="examples") from error
