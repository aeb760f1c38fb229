"""Rows from files, and prompts from rows: JSONL, CSV, Parquet, a saved `datasets` directory.

Prompts also come whole from a provider's log: `load_logged`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from prompts.digest import digest
from prompts.errors import InputError, MissingExtra
from prompts.logs.logged import Logged
from prompts.logs.read import Skipped, read_logs
from prompts.messages import to_dicts
from prompts.prompt import Prompt
from prompts.template import Template

ERRORS_SHOWN = 5


@dataclass(slots=True, frozen=True)
class SourceRow:
    """One row of a source and where it stands: a line of a text file, or a row number."""

    line: int
    values: dict[str, Any]


@dataclass(slots=True, frozen=True)
class Loaded:
    """The distinct prompts of a source, in its order. rows = len(prompts) + merged."""

    prompts: tuple[Prompt, ...]
    rows: int
    merged: int
    """Rows whose template fields equal an earlier row's: asked once, under the first one's gold."""
    skipped: str = ""
    """Of a log, in words: how many records gave no prompt and why; empty where every one did."""


def read_rows(path: Path) -> Iterator[SourceRow]:
    """Streams a source by its kind; InputError names file and line of what cannot be read."""
    check_exists(path)
    if path.is_dir():
        return _read_dataset(path)
    readers = {".jsonl": _read_jsonl, ".ndjson": _read_jsonl, ".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"unknown kind of source '{path.suffix}'", path=path, remedy="Use .jsonl, .csv or .parquet")
    return reader(path)


def check_exists(path: Path) -> None:
    """InputError where there is no such file or directory."""
    if not path.exists():
        raise InputError("no such file", path=path, remedy="Give a JSONL, CSV or Parquet file, or a datasets directory")


def load_prompts(
    path: Path,
    template: Template,
    *,
    gold: str | None = None,
    group: str | None = None,
    route: str | None = None,
    limit: int | None = None,
) -> Loaded:
    """Renders the source's first `limit` rows; every bad row is found before the first call.

    As `iter_prompts`; rows with equal fields are one prompt.
    """
    feed = iter_prompts(path, template, gold=gold, group=group, route=route, limit=limit)
    prompts: dict[str, Prompt] = {}
    rows = 0
    for prompt in feed:
        rows += 1
        prompts.setdefault(prompt.id, prompt)
    return Loaded(tuple(prompts.values()), rows, rows - len(prompts))


def iter_prompts(
    path: Path,
    template: Template,
    *,
    gold: str | None = None,
    group: str | None = None,
    route: str | None = None,
    limit: int | None = None,
) -> Iterator[Prompt]:
    """Renders the source's first `limit` rows, one at a time; a prompt may come again.

    `gold`, `group` and `route` name columns. A prompt's id is the digest of the template and its fields, so the
    same question has the same id wherever it is asked. Raises InputError that lists the first bad rows, after
    the good ones.
    """
    rows = islice(read_rows(path), limit)
    return render_rows(path, rows, template, gold=gold, group=group, route=route)


def render_rows(
    path: Path,
    found: Iterable[SourceRow],
    template: Template,
    *,
    gold: str | None = None,
    group: str | None = None,
    route: str | None = None,
) -> Iterator[Prompt]:
    """As `iter_prompts`, of rows that were read from this source."""
    hidden = {gold} & set(template.head.fields)
    if hidden - {None}:
        raise InputError("is the gold answer and must not be in the prompt", path=template.path, field=gold)
    problems: list[InputError] = []
    bad = rows = 0
    for row in found:
        rows += 1
        try:
            prompt = _render(path, row, template, gold, group, route)
        except InputError as error:
            bad += 1
            problems += [error] if bad <= ERRORS_SHOWN else []
        else:
            yield prompt
    _raise_all(path, problems, bad, rows)


def load_logged(path: Path, *, gold: bool = False, limit: int | None = None) -> Loaded:
    """The conversations of a log's first `limit` usable records; a prompt's id is the digest of its messages.

    With `gold`, the logged reply is the right answer; where one conversation was answered several times, the
    first reply is. InputError where no record can be used.
    """
    prompts: dict[str, Prompt] = {}
    skipped = Skipped()
    rows = 0
    for prompt in iter_logged(path, skipped, gold=gold, limit=limit):
        rows += 1
        prompts.setdefault(prompt.id, prompt)
    return Loaded(tuple(prompts.values()), rows, rows - len(prompts), str(skipped))


def iter_logged(path: Path, skipped: Skipped, *, gold: bool = False, limit: int | None = None) -> Iterator[Prompt]:
    """As `load_logged`, one at a time; a prompt may come again."""
    return (_logged(call, gold) for call in islice(read_logs(path, skipped), limit))


def _logged(call: Logged, gold: bool) -> Prompt:
    prompt_id = digest(to_dicts(call.messages))
    return Prompt(prompt_id, call.messages, student_messages=call.messages, gold=call.reply if gold else None)


def _render(
    path: Path, row: SourceRow, template: Template, gold: str | None, group: str | None, route: str | None
) -> Prompt:
    have = ", ".join(row.values) or "nothing"
    for name in (*template.head.fields, *filter(None, (gold, group, route))):
        if row.values.get(name) is None:
            raise InputError("is missing", path=path, line=row.line, field=name, remedy=f"The row has {have}")
    fields = template.select(row.values)
    try:
        own_id = prompt_id(template, fields)
    except TypeError as error:  # bytes, decimals, half a surrogate pair: no such value can be sent
        raise InputError(
            f"cannot be written as JSON: {error}", path=path, line=row.line, field=_culprit(fields)
        ) from error
    return Prompt(
        id=own_id,
        teacher_messages=template.render(fields),
        student_messages=template.render(fields, examples=False),
        gold=None if gold is None else str(row.values[gold]),
        group=None if group is None else str(row.values[group]),
        route=None if route is None else str(row.values[route]),
    )


def prompt_id(template: Template, fields: Mapping[str, Any]) -> str:
    """The id of the prompt that a template makes of these fields; TypeError where they cannot be written as JSON."""
    return digest([template.digest, fields])


def _culprit(fields: Mapping[str, Any]) -> str | None:
    for name, value in fields.items():
        try:
            digest(value)
        except TypeError:
            return name
    return None


def _raise_all(path: Path, problems: list[InputError], bad: int, rows: int) -> None:
    """Raises what is wrong with `bad` of the rows; `problems` are the first of them."""
    if bad == 1:
        raise problems[0]
    if bad:
        shown = "\n".join(f"  {problem}" for problem in problems)
        more = f"\n  and {bad - len(problems)} more" if bad > len(problems) else ""
        raise InputError(f"{bad} of {rows} rows cannot be used:\n{shown}{more}", path=path)
    if rows == 0:
        raise InputError("has no rows", path=path)


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a text file that are not blank, each with its number from 1."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.isspace():
                yield number, line


def parse_line(path: Path, number: int, line: bytes) -> SourceRow:
    """A line of a JSONL file; InputError where it is no object."""
    try:
        values = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        raise _not_utf8(path, number, error) from error
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error}", path=path, line=number, remedy="One object a line") from error
    if not isinstance(values, dict):
        raise InputError(
            f"is a {type(values).__name__}, not an object", path=path, line=number, remedy="One object a line"
        )
    return SourceRow(number, values)


def _read_jsonl(path: Path) -> Iterator[SourceRow]:
    return (parse_line(path, number, line) for number, line in numbered_lines(path))


def _read_csv(path: Path) -> Iterator[SourceRow]:
    _check_utf8(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for values in reader:
                if None in values or None in values.values():
                    raise InputError(
                        f"does not have {len(reader.fieldnames or [])} cells like the header",
                        path=path,
                        line=reader.line_num,
                        remedy="Quote cells that hold commas",
                    )
                yield SourceRow(reader.line_num, dict(values))
        except csv.Error as error:
            raise InputError(f"is not CSV: {error}", path=path, line=reader.line_num) from error


def _check_utf8(path: Path) -> None:
    # A text reader decodes in blocks and cannot say which line is wrong; lines of bytes can.
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise _not_utf8(path, number, error) from error


def _not_utf8(path: Path, line: int, error: UnicodeDecodeError) -> InputError:
    return InputError(
        f"is not UTF-8 (byte 0x{error.object[error.start]:02x} at column {error.start + 1})",
        path=path,
        line=line,
        remedy="Convert it: iconv -f latin1 -t utf-8",
    )


def open_batches(path: Path) -> tuple[int, Iterator[Any]]:
    """How many rows a Parquet file has, and these as Arrow record batches; InputError where it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_metadata(path).num_rows
    except pa.ArrowInvalid as error:
        raise _not_parquet(path, error) from error
    return rows, _batches(path)


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=1024)
    except pa.ArrowInvalid as error:
        raise _not_parquet(path, error) from error


def _not_parquet(path: Path, error: Exception) -> InputError:
    return InputError(f"is not Parquet: {error}", path=path, remedy="Write it with pyarrow or datasets")


def _read_parquet(path: Path) -> Iterator[SourceRow]:
    number = 0
    for batch in _batches(path):
        for values in batch.to_pylist():
            number += 1
            yield SourceRow(number, values)


def open_dataset(path: Path) -> Any:
    """A saved `datasets.Dataset`; InputError where the directory is none."""
    try:
        import datasets
    except ImportError:
        raise MissingExtra("reading a datasets directory", "train") from None
    try:
        loaded = datasets.load_from_disk(str(path))
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"is not a saved dataset: {error}", path=path, remedy="Write it with save_to_disk") from error
    if isinstance(loaded, datasets.DatasetDict):
        splits = ", ".join(loaded)
        raise InputError("holds several splits", path=path, remedy=f"Give one of its folders: {splits}")
    return loaded


def _read_dataset(path: Path) -> Iterator[SourceRow]:
    for number, values in enumerate(open_dataset(path), start=1):
        yield SourceRow(number, values)
