"""ONNX, for ONNX Runtime: as trained, and in blocks of fewer bits."""

from __future__ import annotations

from pathlib import Path

from students.export.form import Form

PRECISIONS = {"onnx": "fp32", "onnx-int8": "int8", "onnx-int4": "int4"}
RUN_WITH = "import onnxruntime_genai\nmodel = onnxruntime_genai.Model('THIS DIRECTORY')"
IMPORTS = ("onnx_ir", "onnxruntime", "onnxruntime_genai")


def write(student: Path, out: Path, precision: str) -> None:
    """Writes the graph, its data and the tokenizer; StillhouseError with the builder's last words."""
    from students.export.onnx_files import write_onnx

    write_onnx(student, out, precision)


FORMS = tuple(
    Form(name, "onnx", precision, write, extra="export", imports=IMPORTS, run_with=RUN_WITH)
    for name, precision in PRECISIONS.items()
)
