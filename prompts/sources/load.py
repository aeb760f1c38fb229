"""Prompts from rows and a template, or whole from a provider's log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from prompts.digest import digest
from prompts.errors import InputError
from prompts.logs.logged import Logged
from prompts.logs.read import Skipped, read_logs
from prompts.messages import to_dicts
from prompts.prompt import Prompt
from prompts.sources.rows import read_rows
from prompts.sources.source import SourceRow
from prompts.template import Template

ERRORS_SHOWN = 5


@dataclass(slots=True, frozen=True)
class Columns:
    """The columns that stand beside the prompt; None: there is no such column."""

    gold: str | None = None
    group: str | None = None
    route: str | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The names of those that there are."""
        return tuple(name for name in (self.gold, self.group, self.route) if name is not None)


@dataclass(slots=True, frozen=True)
class Loaded:
    """The distinct prompts of a source, in its order. rows = len(prompts) + merged."""

    prompts: tuple[Prompt, ...]
    rows: int
    merged: int
    """Rows whose template fields equal an earlier row's: asked once, under the first one's gold."""
    skipped: str = ""
    """Of a log, in words: how many records gave no prompt and why; empty where every one did."""

    @classmethod
    def of(cls, feed: Iterable[Prompt]) -> Loaded:
        """Merges prompts that come again; the first one stays."""
        prompts: dict[str, Prompt] = {}
        rows = 0
        for prompt in feed:
            rows += 1
            prompts.setdefault(prompt.id, prompt)
        return cls(tuple(prompts.values()), rows, rows - len(prompts))


def load_prompts(path: Path, template: Template, columns: Columns = Columns(), *, limit: int | None = None) -> Loaded:
    """Renders the source's first `limit` rows; every bad row is found before the first call.

    As `iter_prompts`; rows with equal fields are one prompt.
    """
    return Loaded.of(iter_prompts(path, template, columns, limit=limit))


def iter_prompts(
    path: Path, template: Template, columns: Columns = Columns(), *, limit: int | None = None
) -> Iterator[Prompt]:
    """Renders the source's first `limit` rows, one at a time; a prompt may come again.

    A prompt's id is the digest of the template and its fields, so the same question has the same id wherever it is
    asked. Raises InputError that lists the first bad rows, after the good ones.
    """
    return render_rows(path, islice(read_rows(path), limit), template, columns)


def render_rows(
    path: Path, rows: Iterable[SourceRow], template: Template, columns: Columns = Columns()
) -> Iterator[Prompt]:
    """Renders rows that were read from this source, as `iter_prompts` does."""
    # The teacher would be told the answer, and the student would learn to copy it.
    if columns.gold is not None and columns.gold in template.head.fields:
        raise InputError("is the gold answer and must not be in the prompt", path=template.path, field=columns.gold)
    problems = _Problems(path)
    for row in rows:
        problems.rows += 1
        try:
            prompt = _render(path, row, template, columns)
        except InputError as error:
            problems.add(error)
        else:
            yield prompt
    problems.raise_all()


def load_logged(path: Path, *, gold: bool = False, limit: int | None = None) -> Loaded:
    """Reads the conversations of a log's first `limit` usable records; a prompt's id is the digest of its messages.

    With `gold`, the logged reply is the right answer; where one conversation was answered several times, the
    first reply is. InputError where no record can be used.
    """
    skipped = Skipped()
    loaded = Loaded.of(iter_logged(path, skipped, gold=gold, limit=limit))
    return replace(loaded, skipped=str(skipped))


def iter_logged(path: Path, skipped: Skipped, *, gold: bool = False, limit: int | None = None) -> Iterator[Prompt]:
    """Reads as `load_logged`, one at a time; a prompt may come again."""
    for call in islice(read_logs(path, skipped), limit):
        yield _logged(call, gold)


def prompt_id(template: Template, fields: Mapping[str, Any]) -> str:
    """Returns the id of the prompt that a template makes of these fields.

    TypeError where they cannot be written as JSON.
    """
    return digest([template.digest, fields])


@dataclass(slots=True)
class _Problems:
    """Bad rows of a source: all are counted, the first are kept."""

    path: Path
    rows: int = 0
    bad: int = 0
    shown: list[InputError] = field(default_factory=list)

    def add(self, error: InputError) -> None:
        """Counts one more."""
        self.bad += 1
        if self.bad <= ERRORS_SHOWN:  # a million bad rows are one mistake
            self.shown.append(error)

    def raise_all(self) -> None:
        """Raises what is wrong, if anything is; also where there were no rows."""
        if self.bad == 1:
            raise self.shown[0]
        if self.bad:
            lines = [f"{self.bad} of {self.rows} rows cannot be used:", *(f"  {problem}" for problem in self.shown)]
            if self.bad > len(self.shown):
                lines.append(f"  and {self.bad - len(self.shown)} more")
            raise InputError("\n".join(lines), path=self.path)
        if self.rows == 0:
            raise InputError("has no rows", path=self.path)


def _logged(call: Logged, gold: bool) -> Prompt:
    own_id = digest(to_dicts(call.messages))
    prompt = Prompt(own_id, call.messages, student_messages=call.messages)
    if not gold:
        return prompt
    return replace(prompt, gold=call.reply)


def _render(path: Path, row: SourceRow, template: Template, columns: Columns) -> Prompt:
    for name in (*template.head.fields, *columns.named):
        if row.values.get(name) is None:  # null is missing too: a template would print "None"
            have = ", ".join(row.values) or "nothing"
            raise InputError("is missing", path=path, line=row.line, field=name, remedy=f"The row has {have}")
    fields = template.select(row.values)
    try:
        own_id = prompt_id(template, fields)
    except TypeError as error:  # bytes, decimals, half a surrogate pair: no such value can be sent
        problem = f"cannot be written as JSON: {error}"
        raise InputError(problem, path=path, line=row.line, field=_culprit(fields)) from error
    return Prompt(
        id=own_id,
        teacher_messages=template.render(fields),
        student_messages=template.render(fields, examples=False),
        gold=_text_of(row, columns.gold),
        group=_text_of(row, columns.group),
        route=_text_of(row, columns.route),
    )


def _text_of(row: SourceRow, column: str | None) -> str | None:
    if column is None:
        return None
    return str(row.values[column])


def _culprit(fields: Mapping[str, Any]) -> str | None:
    """Finds the field that cannot be written as JSON."""
    for name, value in fields.items():
        try:
            digest(value)
        except TypeError:
            return name
    return None
