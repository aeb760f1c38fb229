"""One training to be done: what is trained, from what, and where it goes. Light to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from students.config import StudentConfig


@dataclass(slots=True, frozen=True)
class Job:
    """A config with its corpus, its base and its folders."""

    config: StudentConfig
    corpus: Path
    """kept.parquet, or a file with its columns."""
    base: str
    """What `students.base.prepare.prepare_base` gave, as text: a directory or a hub id."""
    out: Path
    """The student's directory, replaced at once when all is done."""
    work: Path
    """Where checkpoints lie while it trains; deleted at its end."""
    cache_folder: Path | None = None
    """None: the folder of `work`."""
    logs: Path | None = None
    """Where `report_to` writes; None: beside `work`."""
    teacher: str | None = None
    """The model in memory beside the student, as `base` is; None where the config needs none."""

    @property
    def cache(self) -> Path:
        """A folder for what can be used again: each thing in it is named by a digest of all that it depends on."""
        return self.work.parent if self.cache_folder is None else self.cache_folder
