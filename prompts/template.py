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

import yaml
from jinja2 import StrictUndefined, TemplateError, UndefinedError, meta
from jinja2 import Template as JinjaTemplate
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.digest import digest
from prompts.errors import InputError
from prompts.messages import Conversation, Message

LIBRARY = Path(__file__).parent / "library"
FENCE = "---"


class Example(BaseModel):
    """A worked example: the fields of a row, and the answer a teacher should give."""

    model_config = ConfigDict(extra="forbid")

    fields: dict[str, Any]
    """What the user turn is rendered from."""
    answer: str
    """The assistant turn."""


class FrontMatter(BaseModel):
    """The head of a template file."""

    model_config = ConfigDict(extra="forbid")

    name: str
    """What the template is called in messages; not part of its digest."""
    fields: list[str]
    """The row fields the template may use; anything else it names is an error."""
    system: str | None = None
    """The system turn, itself a template over the same fields."""
    examples: list[Example] = Field(default_factory=list)
    """Worked examples, shown to the teacher as earlier turns."""


@dataclass(frozen=True)
class Template:
    """A parsed template. Rendering is strict and cannot reach anything but the given fields."""

    head: FrontMatter
    body: str
    path: Path

    @cached_property
    def digest(self) -> str:
        """Names everything that changes the rendered conversation."""
        return digest([self.head.model_dump(exclude={"name"}), self.body])

    @cached_property
    def _user(self) -> JinjaTemplate:
        return _environment().from_string(self.body)

    @cached_property
    def _system(self) -> JinjaTemplate | None:
        return None if self.head.system is None else _environment().from_string(self.head.system)

    @cached_property
    def _examples(self) -> Conversation:
        """The examples' turns: the same for every row."""
        shown = ((self._user.render(one.fields), one.answer) for one in self.head.examples)
        return tuple(turn for asked, answer in shown for turn in (Message("user", asked), Message("assistant", answer)))

    def select(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of `row` that the template uses; KeyError names the first missing one."""
        return {name: row[name] for name in self.head.fields}

    def render(self, fields: Mapping[str, Any], *, examples: bool = True) -> Conversation:
        """The conversation for one row: system, examples unless told otherwise, then the user turn.

        Raises InputError where a template cannot be rendered from these fields.
        """
        try:
            system = () if self._system is None else (Message("system", self._system.render(fields).strip()),)
            shown = self._examples if examples else ()
            return (*system, *shown, Message("user", self._user.render(fields)))
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise InputError(f"cannot be rendered: {error}", path=self.path) from error


def load_template(path: Path) -> Template:
    """Reads and checks a template file; InputError names file, line and field."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such template", path=path, remedy=_library_hint()) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8: {error.reason}", path=path, remedy="Save it as UTF-8") from error
    head, body = _split(text, path)
    template = Template(_parse_head(head, path), body.strip(), path)
    _check_names(template)
    _check_examples(template)
    return template


def find_template(name: str, beside: Path) -> Path:
    """A template named in a recipe: a file beside it, else one of the library."""
    local = (beside / name).resolve()
    shipped = LIBRARY / f"{name.removesuffix('.md')}.md"
    return shipped if not local.is_file() and shipped.is_file() else local


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def _library_hint() -> str:
    names = ", ".join(sorted(path.stem for path in LIBRARY.glob("*.md") if path.stem != "README"))
    return f"Give a file beside the recipe, or one of the library: {names}"


def _split(text: str, path: Path) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    if lines and lines[0].strip() == FENCE:
        for index, line in enumerate(lines[1:], start=1):
            if line.strip() == FENCE:
                return "".join(lines[1:index]), "".join(lines[index + 1 :])
    raise InputError("has no front matter", path=path, line=1, remedy="Begin with '---', name: and fields:, then '---'")


def _parse_head(head: str, path: Path) -> FrontMatter:
    try:
        return FrontMatter.model_validate(yaml.safe_load(head) or {})
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # +2: YAML counts from 0, and the fence is the file's first line.
        raise InputError(f"front matter is not YAML: {error}", path=path, line=mark and mark.line + 2) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            first["msg"], path=path, field=field, remedy="Front matter takes name, fields, system, examples"
        ) from error


def _check_names(template: Template) -> None:
    for source in filter(None, (template.head.system, template.body)):
        try:
            used = meta.find_undeclared_variables(_environment().parse(source))
        except TemplateError as error:
            raise InputError(f"is not a template: {error}", path=template.path) from error
        for name in sorted(used - set(template.head.fields)):
            raise InputError("is used but not declared", path=template.path, field=name, remedy="Add it to 'fields'")


def _check_examples(template: Template) -> None:
    for number, example in enumerate(template.head.examples, start=1):
        try:
            template._user.render(example.fields)
        except UndefinedError as error:
            raise InputError(f"example {number}: {error}", path=template.path, field="examples") from error
