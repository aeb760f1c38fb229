"""Logs of any known shape as calls: streamed, and what cannot be used is counted under its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from prompts.errors import InputError
from prompts.logs.bedrock import SCHEMA, read_invocation
from prompts.logs.files import find_body, log_files, read_body, read_lines
from prompts.logs.logged import Logged, Unusable
from prompts.logs.openai import read_chat, read_completion, read_response
from prompts.logs.own import Record, read_own

KINDS = 'OpenAI stored completions or responses, chats as {"messages": [...]}, or Bedrock invocation logs'
LOOKED_AT = 50


@dataclass(slots=True)
class Skipped:
    """Records that gave no call: how many for each reason, and where the first of them stands."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, where: str) -> None:
        """Counts one more."""
        self.counts[reason] += 1
        self.first.setdefault(reason, where)

    def __str__(self) -> str:
        """Nothing where nothing was skipped."""
        parts = [f"{count} {reason} (first: {self.first[reason]})" for reason, count in self.counts.most_common()]
        return f"{self.counts.total()} records could not be used: {', '.join(parts)}" if parts else ""


def read_logs(path: Path, skipped: Skipped | None = None) -> Iterator[Logged]:
    """Streams the calls of a file or folder, in the order of names and lines.

    A bad record is counted in `skipped` and never stops the others; InputError where no record can be used,
    and for a wrong line of our own shape.
    """
    skipped = Skipped() if skipped is None else skipped
    used = 0
    for where, raw in _records(path, skipped):
        try:
            for call in _calls(where, raw):
                used += 1
                yield replace(call, where=f"{where.path}:{where.line}")
        except Unusable as error:
            skipped.add(str(error), f"{where.path}:{where.line}")
    if not used:
        raise InputError(str(skipped) or "holds no log", path=path, remedy=f"Give {KINDS}, one a line")


def is_log(path: Path) -> bool:
    """Whether one of the first records has the shape of a log, usable or not."""
    return any(_shape(raw) is not None for _, raw in islice(_records(path, Skipped()), LOOKED_AT))


@dataclass(slots=True, frozen=True)
class _Where:
    path: Path
    line: int


def _records(path: Path, skipped: Skipped) -> Iterator[tuple[_Where, Any]]:
    if not path.exists():
        raise InputError("no such file or folder", path=path, remedy=f"Give {KINDS}")
    for file in log_files(path):
        line = 0
        try:
            for line, text in read_lines(file):
                if text is None:
                    skipped.add("line_too_long", f"{file}:{line}")
                elif text.strip():
                    yield _Where(file, line), _parsed(text)
        except Unusable as error:
            skipped.add(str(error), f"{file}:{line + 1}")


def _parsed(line: bytes) -> Any:
    """The line's JSON; None where it is none, which no shape has."""
    try:
        return orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None


def _calls(where: _Where, body: Any) -> Iterator[Logged]:
    shape = _shape(body)
    try:
        match shape:
            case "bedrock":
                yield from read_invocation(body, partial(_fetch, where.path))
            case "completion":
                yield from read_completion(body)
            case "response":
                yield from read_response(body)
            case "own":
                yield from read_own(body)
            case "chat":
                yield from read_chat(body)
            case _:
                raise Unusable("not_json" if body is None else "unknown_shape")
    except ValidationError as error:
        raise _wrong_line(error, where) from error
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        # The record has the name of a shape and not its fields.
        raise Unusable(f"malformed_{shape}") from error


def _shape(body: Any) -> str | None:
    if not isinstance(body, Mapping):
        return None
    if body.get("schemaType") == SCHEMA:
        return "bedrock"
    if body.get("object") in ("chat.completion", "response"):
        return str(body["object"]).removeprefix("chat.")
    if "messages" in body:
        return "own" if "reply" in body else "chat"
    return None


def _fetch(record: Path, s3_path: str) -> Any:
    return orjson.loads(read_body(find_body(record, s3_path)))


def _wrong_line(error: ValidationError, where: _Where) -> InputError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or None
    remedy = f"A line takes {', '.join(Record.model_fields)}"
    return InputError(first["msg"], path=where.path, line=where.line, field=name, remedy=remedy)
