"""The records of exports: export.json in the folder of each, and exports.json over all that the recipe names."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pipeline.run.directory import RunDir
from pipeline.run.files import write_text
from prompts.digest import digest_file
from prompts.errors import InputError
from students.export.find import ExportName

WEIGHTS = frozenset({".gguf", ".safetensors", ".onnx", ".data"})
RECORD, README = "export.json", "README.md"


@dataclass(slots=True, frozen=True)
class Export:
    """One export of one student."""

    name: ExportName
    spec: str
    """The teacher that it is."""
    student: str
    """Names the files of the student it was made of."""
    versions: dict[str, str]
    """Of the packages that wrote it."""
    failed: str | None = None
    """Why there is none; None where it was written and has answered."""
    bytes: int | None = None
    """Its weight files together."""
    digests: dict[str, str] = field(default_factory=dict)
    """File name -> sha256, of every file but the record and its README."""
    seconds: float | None = None
    """What it took to write and to try."""


def read_exports(run: RunDir) -> list[Export]:
    """Reads the exports of the run's last package stage, in the recipe's order; none where it never ran."""
    try:
        return [Export(**values) for values in orjson.loads(run.package.read_bytes())]
    except FileNotFoundError:
        return []
    except (orjson.JSONDecodeError, TypeError) as error:
        raise InputError(
            f"cannot be read: {error}", path=run.package, remedy="Run 'stillhouse run --from package'"
        ) from error


def write_exports(run: RunDir, exports: list[Export]) -> None:
    """Writes the list of them."""
    write_text(run.package, _dump([asdict(export) for export in exports]))


def read_record(folder: Path) -> Export | None:
    """Reads the export in a folder; None where there is no whole one."""
    try:
        return Export(**orjson.loads((folder / RECORD).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, orjson.JSONDecodeError, TypeError):
        return None  # torn, or of another version: it is written again, which costs seconds


def write_record(folder: Path, export: Export) -> None:
    """Writes the record into its folder."""
    write_text(folder / RECORD, _dump(asdict(export)))


def weigh(folder: Path) -> int:
    """Returns the bytes of the weight files in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.suffix in WEIGHTS)


def digests(folder: Path) -> dict[str, str]:
    """Returns file name -> digest, of all but the two files that evaluation writes again."""
    return {file.name: digest_file(file) for file in sorted(folder.iterdir()) if file.name not in (RECORD, README)}


def _dump(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n"
