"""The door: a student's directory becomes one export in a folder of its own."""

from __future__ import annotations

from pathlib import Path

from students.export.formats import FORMATS, ExportName, require_exports


def write_export(student: Path, name: ExportName, out: Path) -> None:
    """Writes the export `name` of the model directory `student` into the empty folder `out`.

    Raises MissingExtra, InputError for a model that the form has no words for, StillhouseError where a converter
    fails. What it writes is not yet run: the caller asks it something before it is called done.
    """
    require_exports([name])
    found = FORMATS[name]
    match found.provider:
        case "gguf":
            from students.export.gguf_file import write_gguf

            write_gguf(student, out / found.file, found.precision)
        case "onnx":
            from students.export.onnx_files import write_onnx

            write_onnx(student, out, found.precision)
        case "huggingface":
            from students.export.quantised import write_quantised

            write_quantised(student, out)
