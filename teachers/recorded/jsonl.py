"""Typed records from a JSONL file; whatever is wrong with it is named by file, line and field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from prompts.errors import InputError

Record = TypeVar("Record", bound=BaseModel)


def read_records(path: Path, kind: type[Record]) -> Iterator[tuple[int, Record]]:
    """Yields `(line, record)` for every line that is not blank; InputError for the first that is wrong."""
    if not path.is_file():
        raise InputError("no such file", path=path, remedy=f"Give a JSONL file of {', '.join(kind.model_fields)}")
    # As bytes: what is no UTF-8 is then an error of its line, with its number.
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _parse(path, number, line, kind)


def _parse(path: Path, number: int, line: bytes, kind: type[Record]) -> Record:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        remedy = f"A line takes {', '.join(kind.model_fields)}"
        raise InputError(first["msg"], path=path, line=number, field=field, remedy=remedy) from error
