"""The run directory: where everything stands, and that one process at a time works on it."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pipeline.run.errors import DiskFull, ForeignRun, RunBusy, RunError
from pipeline.run.files import write_text
from prompts.errors import InputError

if TYPE_CHECKING:
    from pipeline.recipe.recipe import Recipe
    from pipeline.run.manifest import Manifest

SCHEMA_VERSION = 2
"""Of `pipeline.run.records`; part of every stage's fingerprint: a change of columns makes the stages run again."""

TRIES = 4


@dataclass(slots=True, frozen=True)
class RunDir:
    """The names of design.md, section 3."""

    root: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.root / "recipe.yaml"

    @property
    def manifest(self) -> Path:
        """Per stage: fingerprint, counts, seconds, versions, status."""
        return self.root / "manifest.json"

    @property
    def journal(self) -> Path:
        """Every attempt and every reply."""
        return self.root / "journal.sqlite"

    @property
    def replies(self) -> Path:
        """One row per sample."""
        return self.root / "replies.parquet"

    @property
    def kept(self) -> Path:
        """The corpus."""
        return self.root / "kept.parquet"

    @property
    def dropped(self) -> Path:
        """The samples that left, with the reason."""
        return self.root / "dropped.parquet"

    @property
    def preferences(self) -> Path:
        """Replies that were found worse, beside the kept ones to the same prompts."""
        return self.root / "preferences.parquet"

    @property
    def reviews(self) -> Path:
        """Every decision of the people who went through samples; cannot be recomputed."""
        return self.root / "reviews.sqlite"

    @property
    def dataset(self) -> Path:
        """The part of the corpus that may be shown to others, with a card."""
        return self.root / "dataset"

    @property
    def student(self) -> Path:
        """The trained model."""
        return self.root / "student"

    @property
    def exports(self) -> Path:
        """The student in other forms, a folder each; and the corpus for other trainers, a file each."""
        return self.root / "exports"

    @property
    def package(self) -> Path:
        """The list of what the package stage made of the student."""
        return self.exports / "exports.json"

    @property
    def answers(self) -> Path:
        """Everyone's answer to every held-out prompt."""
        return self.root / "answers.parquet"

    @property
    def evaluation(self) -> Path:
        """The numbers."""
        return self.root / "evaluation.json"

    @property
    def report(self) -> Path:
        """The page."""
        return self.root / "report.html"

    @property
    def report_markdown(self) -> Path:
        """The page's numbers as Markdown."""
        return self.root / "report.md"

    @property
    def comparison_csv(self) -> Path:
        """The same, a number a line, for a spreadsheet."""
        return self.root / "comparison.csv"

    @property
    def work(self) -> Path:
        """Checkpoints and the converted base: safe to delete, made again when needed."""
        return self.root / "work"

    @property
    def checkpoints(self) -> Path:
        """The place that a killed training of the student goes on from."""
        return self.work / "checkpoints"

    @property
    def logs(self) -> Path:
        """Files that are written to be watched, not to be gone on from."""
        return self.root / "logs"

    @property
    def tune(self) -> Path:
        """The trials of `stillhouse tune`."""
        return self.root / "tune"

    @property
    def tuned(self) -> Path:
        """The recipe with the settings of the best trial."""
        return self.root / "tuned.yaml"

    @property
    def pace(self) -> Path:
        """The pace of asking the teachers: a record a second."""
        return self.logs / "pace.jsonl"

    @property
    def train_log(self) -> Path:
        """The losses of the training: a line a step."""
        return self.logs / "train.jsonl"

    @property
    def serve_log(self) -> Path:
        """The words of the server of `stillhouse serve`."""
        return self.logs / "serve.log"

    @property
    def now(self) -> Path:
        """The progress of the process that works on the run: written at most once a second, gone with its end."""
        return self.work / "progress.json"

    @property
    def lock(self) -> Path:
        """Held by the process that works on the run."""
        return self.root / ".lock"

    def is_locked(self) -> bool:
        """Says whether a process is working on the run now."""
        if not self.lock.exists():
            return False
        with self.lock.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def load_manifest(self) -> Manifest:
        """The run's manifest; InputError where `root` is no run."""
        from pipeline.run.manifest import Manifest  # late: pydantic checks it, and many only ask where files are

        manifest = Manifest.load(self.manifest)
        if manifest is None:
            raise self._is_no_run()
        return manifest

    def require_run(self) -> None:
        """Raises InputError where `root` is no run."""
        if not self.manifest.exists():
            raise self._is_no_run()

    def _is_no_run(self) -> InputError:
        return InputError("is not a run directory", path=self.root, remedy="It has no manifest.json")


@contextmanager
def open_run(root: Path, recipe: Recipe) -> Iterator[tuple[RunDir, Manifest]]:
    """Makes or reopens a run directory, locked against other processes, with its manifest.

    Raises RunBusy while another process holds it, ForeignRun when another recipe made it, DiskFull.
    """
    from pipeline.run.manifest import Manifest

    run = RunDir(root)
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        with _locked(run.lock):
            manifest = Manifest.load(run.manifest) or Manifest(run.manifest, recipe.name)
            if manifest.name != recipe.name:
                raise ForeignRun(
                    f"{root} was made by the recipe '{manifest.name}', not by '{recipe.name}': choose another --dir"
                )
            _keep_recipe(run.recipe, recipe.to_yaml())
            yield run, manifest


def _keep_recipe(path: Path, text: str) -> None:
    """Writes it where it differs: what is made of it is written again where it is newer."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


@contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """Turns the operating system's word about a full or closed disk into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"{root}: the disk is full. Nothing journaled is lost: free space, then run the same command"
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise RunError(f"{error.filename or root}: {error.strerror}: choose another --dir") from error
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The kernel frees the lock with the process, however it ends: no stale lock to clean up after a kill.
    with path.open("a+") as lock:
        if not _taken(lock):
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise RunBusy(f"{path.parent} is in use by {holder}: wait for it, or choose another --dir")
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _taken(lock: IO[str]) -> bool:
    # `status` holds the lock for the moment it looks at it: only a lock that stays is somebody's work.
    for _ in range(TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False
