"""The manifest: per stage, the fingerprint of its inputs, and what came of it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from pipeline.run.errors import RunError
from pipeline.run.files import write_text

Status = Literal["running", "done", "failed", "stopped"]


@dataclass(slots=True)
class Entry:
    """One stage's line in the manifest."""

    fingerprint: str
    status: Status
    started_at: float
    """Unix time in seconds."""
    seconds: float | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    error: str | None = None


class Manifest:
    """`manifest.json` of a run; every change is on disk when its method returns."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.stages: dict[str, Entry] = {}
        self._began_s: dict[str, float] = {}  # monotonic: a clock that jumps changes no duration

    @classmethod
    def load(cls, path: Path) -> Manifest | None:
        """The manifest at `path`, or None where there is none."""
        try:
            body = orjson.loads(path.read_bytes())
            manifest = cls(path, body["name"])
            manifest.stages = {name: Entry(**entry) for name, entry in body["stages"].items()}
        except FileNotFoundError:
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{path} cannot be read ({error}). Delete it: stages run again, and no reply is paid for twice"
            ) from error
        return manifest

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {"name": self.name, "stages": {name: asdict(entry) for name, entry in self.stages.items()}}

    def is_done(self, stage: str, fingerprint: str) -> bool:
        """Whether the stage ended well on these very inputs."""
        entry = self.stages.get(stage)
        return entry is not None and entry.status == "done" and entry.fingerprint == fingerprint

    def begin(self, stage: str, fingerprint: str) -> None:
        """Marks a stage as running."""
        self._began_s[stage] = time.monotonic()
        self.stages[stage] = Entry(fingerprint, "running", time.time(), versions=versions())
        self._save()

    def end(self, stage: str, status: Status, counts: dict[str, Any], error: str | None = None) -> None:
        """Marks a stage as ended, with its counts."""
        entry = self.stages[stage]
        entry.status, entry.counts, entry.error = status, counts, error
        entry.seconds = round(time.monotonic() - self._began_s[stage], 3)
        self._save()

    def _save(self) -> None:
        write_text(self.path, orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2).decode() + "\n")


def versions() -> dict[str, str]:
    """The versions that a result depends on, of what is installed."""
    from importlib import metadata  # late: a tenth of a second's imports, for a stage that begins

    found = {}
    for name in ("stillhouse", "torch", "transformers", "trl", "xllamacpp", "openai", "pyarrow"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
