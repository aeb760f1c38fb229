"""The manifest: per stage, the fingerprint of its inputs, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import ConfigDict

from pipeline.run.counts import C, Counts, read_counts
from pipeline.run.errors import BudgetReached, RunError
from pipeline.run.files import write_text
from pipeline.run.parse import Misfit, parse

Status = Literal["running", "done", "failed", "stopped"]


@dataclass(slots=True, frozen=True)
class Entry:
    """One stage's line in the manifest."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    fingerprint: str
    status: Status
    started_at: float
    """Unix time in seconds."""
    seconds: float | None = None
    counts: Counts | None = None
    """None until the stage has ended well, and for what counts nothing; {} in the file."""
    versions: dict[str, str] = field(default_factory=dict)
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns it as it stands in the file."""
        counts = {} if self.counts is None else self.counts.to_dict()
        return asdict(replace(self, counts=None)) | {"counts": counts}


@dataclass(slots=True)
class Work:
    """A stage that is running."""

    counts: Counts | None = None


class Manifest:
    """`manifest.json` of a run; every change is on disk when its method returns."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.stages: dict[str, Entry] = {}
        self.misfits: dict[str, str] = {}
        """Stages whose counts another version wrote, with what does not fit: here they failed, and run again."""
        self._began_s: dict[str, float] = {}  # monotonic: a clock that jumps changes no duration

    @classmethod
    def load(cls, path: Path) -> Manifest | None:
        """Reads the manifest at `path`; None where there is none, RunError where it is not one."""
        try:
            body = orjson.loads(path.read_bytes())
            manifest = cls(path, body["name"])
            for stage, values in body["stages"].items():
                manifest._read(stage, values)  # a stage that does not fit costs no other its work
        except FileNotFoundError:
            return None
        except (OSError, orjson.JSONDecodeError, Misfit, KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{path} cannot be read ({error}). Delete it: stages run again, and no reply is paid for twice"
            ) from error
        return manifest

    def to_dict(self) -> dict[str, Any]:
        """Returns it as it stands in the file."""
        return {"name": self.name, "stages": {name: entry.to_dict() for name, entry in self.stages.items()}}

    def counts(self, kind: type[C]) -> C | None:
        """Returns what a stage counted: `manifest.counts(CurateCounts)`; None where it has not ended well."""
        return counts_of(self.stages, kind)

    def is_done(self, stage: str, fingerprint: str) -> bool:
        """Says whether the stage ended well on these very inputs."""
        entry = self.stages.get(stage)
        return entry is not None and entry.status == "done" and entry.fingerprint == fingerprint

    def begin(self, stage: str, fingerprint: str) -> None:
        """Marks a stage as running."""
        self._began_s[stage] = time.monotonic()
        # On disk before any work: after a kill it says what was under way.
        self.stages[stage] = Entry(fingerprint, "running", time.time(), versions=versions())
        self._save()

    def end(self, stage: str, status: Status, counts: Counts | None = None, *, error: str | None = None) -> None:
        """Marks a stage as ended, with its counts where it ended well."""
        seconds = round(time.monotonic() - self._began_s[stage], 3)
        entry = self.stages[stage]
        self.stages[stage] = replace(entry, status=status, seconds=seconds, counts=counts, error=error)
        self._save()

    @contextmanager
    def recorded(self, stage: str, fingerprint: str) -> Iterator[Work]:
        """Records a stage that runs within: how it ended, and its counts where it set them."""
        self.begin(stage, fingerprint)
        work = Work()
        try:
            yield work
        except KeyboardInterrupt:
            self.end(stage, "stopped")  # no failure: the same command goes on from here
            raise
        except BudgetReached as error:
            self.end(stage, "stopped", error=str(error))  # by the user's own cap
            raise
        except Exception as error:
            self.end(stage, "failed", error=str(error))
            raise
        self.end(stage, "done", work.counts)

    def _read(self, stage: str, values: Mapping[str, Any]) -> None:
        entry = parse(Entry, orjson.dumps({name: value for name, value in values.items() if name != "counts"}))
        # Apart: an entry that is none is no manifest, counts that do not fit are another version's.
        counts = values.get("counts")
        # A failed or a killed stage has no counts, and so do `bakeoff` and `tune`.
        if counts or entry.status == "done":
            try:
                entry = replace(entry, counts=read_counts(stage, counts or {}))
            except Misfit as misfit:
                self.misfits[stage] = str(misfit)
                entry = replace(entry, status="failed", error=f"its counts do not fit this version ({misfit})")
        self.stages[stage] = entry

    def _save(self) -> None:
        write_text(self.path, orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2).decode() + "\n")


def counts_of(stages: Mapping[str, Entry], kind: type[C]) -> C | None:
    """Returns what one of the stages counted, by the kind of its counts; None where it has not ended well."""
    entry = stages.get(kind.STAGE)
    if entry is None or not isinstance(entry.counts, kind):
        return None
    return entry.counts


def seconds_of(stages: Mapping[str, Entry]) -> dict[str, float]:
    """Returns what the stages took that have ended."""
    return {name: entry.seconds for name, entry in stages.items() if entry.seconds is not None}


def versions() -> dict[str, str]:
    """Returns the versions that a result depends on, of what is installed."""
    from importlib import metadata  # late: a tenth of a second's imports, for a stage that begins

    installed = {}
    for name in ("stillhouse", "torch", "transformers", "trl", "xllamacpp", "openai", "pyarrow"):
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed
