"""The package stage: the student becomes the exports that the recipe names, each in RUN/exports/NAME."""

from __future__ import annotations

import errno
import shutil
import time
from dataclasses import replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from pipeline.package.readme import write_readme
from pipeline.package.trial import try_out
from pipeline.run.context import Context
from pipeline.run.counts import PackageCounts
from pipeline.run.exports import Export, digests, read_record, weigh, write_exports, write_record
from students.export.find import FORMS, ExportName
from students.export.write import write_export
from students.files import publish
from teachers.local.huggingface_files import version

OURS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
"""A disk that is full or closed: the run's own trouble, told as such."""


def work(context: Context) -> PackageCounts:
    """Writes each export and runs it once; one that fails is recorded with its reason, and the others go on."""
    names = context.recipe.exports
    made: list[Export] = []
    failed = 0
    context.progress.start("package", len(names))
    for done, name in enumerate(names):
        context.progress.update(done, name)
        export = _make(context, name)
        made.append(export)
        if export.failed is not None:
            failed += 1
            context.progress.say(f"package: {name} failed: {export.failed}")
    context.progress.update(len(names))
    write_exports(context.run, made)
    return PackageCounts(exports=len(made) - failed, failed_exports=failed)


def _make(context: Context, name: ExportName) -> Export:
    """The export, or why there is none. A whole one of the same student and packages is kept as it is."""
    run = context.run
    folder = run.exports / name
    wanted = Export(name, FORMS[name].spec(folder), str(version(str(run.student))), _versions(name))
    before = read_record(folder)
    if before is not None and (before.student, before.versions) == (wanted.student, wanted.versions):
        return replace(before, spec=wanted.spec)  # the run directory may have moved
    try:
        publish(folder, lambda partial: _write(partial, run.student, wanted))
        export = read_record(folder)
        assert export is not None
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in OURS:
            raise  # no fault of the format
        # Whatever else a converter says is a row: the run is not lost for it.
        shutil.rmtree(folder, ignore_errors=True)  # what is there is of another student
        return replace(wanted, failed=" ".join(str(error).split()) or type(error).__name__)
    return export


def _write(partial: Path, student: Path, wanted: Export) -> None:
    began_s = time.monotonic()
    write_export(student, wanted.name, partial)
    # Before it has its place: a converter may write, without a word, a file that answers nonsense or nothing.
    try_out(FORMS[wanted.name].spec(partial), student)
    seconds = round(time.monotonic() - began_s, 1)
    export = replace(wanted, bytes=weigh(partial), digests=digests(partial), seconds=seconds)
    write_readme(partial, export, None, 0)  # evaluation writes it again, with its score
    write_record(partial, export)  # last: a folder with a record is whole


def _versions(name: ExportName) -> dict[str, str]:
    packages = ("torch", "transformers", *FORMS[name].imports)
    return {package: metadata.version(package) for package in packages if find_spec(package) is not None}
