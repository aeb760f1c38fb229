"""int8 weights that transformers loads, by torchao."""

from __future__ import annotations

from pathlib import Path

from students.export.form import Form


def write(student: Path, out: Path, precision: str) -> None:
    """Writes a transformers directory; InputError where torchao refuses the model."""
    from students.export.quantised import write_quantised

    # quantised.py says why int8 is the only precision.
    assert precision == "int8"
    write_quantised(student, out)


RUN_WITH = "from transformers import pipeline\nstudent = pipeline('text-generation', 'THIS DIRECTORY')"
FORMS = (Form("int8", "huggingface", "int8", write, extra="torchao", imports=("torchao",), run_with=RUN_WITH),)
