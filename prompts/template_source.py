"""A template's file, read and not yet parsed as Jinja: what names it, and what a rerun compares, without jinja2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.digest import digest
from prompts.errors import InputError

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


@dataclass(slots=True, frozen=True)
class TemplateSource:
    """The two parts of a template file."""

    head: FrontMatter
    body: str

    @property
    def digest(self) -> str:
        """Names everything that changes the rendered conversation."""
        return digest([self.head.model_dump(exclude={"name"}), self.body])


def read_template(path: Path) -> TemplateSource:
    """Reads a template file; InputError names file, line and field. Whether its Jinja is sound is not looked at."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such template", path=path, remedy=_library_hint()) from None
    except OSError as error:  # a directory, or a file of another user's
        raise InputError(f"cannot be read: {error.strerror}", path=path, remedy=_library_hint()) from error
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8: {error.reason}", path=path, remedy="Save it as UTF-8") from error
    head, body = _split(text, path)
    return TemplateSource(_parse_head(head, path), body.strip())


def find_template(name: str, beside: Path) -> Path:
    """Returns the path of a template that a recipe names: a file beside it, else one of the library."""
    local = (beside / name).resolve()
    shipped = LIBRARY / f"{name.removesuffix('.md')}.md"
    if shipped.is_file() and not local.is_file():
        return shipped
    return local


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
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            first["msg"], path=path, field=field, remedy="Front matter takes name, fields, system, examples"
        ) from error
    # After pydantic's, which is a ValueError. Others of Python's: a date with a month 13, a thousand opening brackets.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        # +2: YAML counts from 0, and the fence is the file's first line.
        raise InputError(f"front matter is not YAML: {error}", path=path, line=mark and mark.line + 2) from error
