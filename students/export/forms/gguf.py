"""GGUF, for llama.cpp: the mixes of gguf_types.FILE_TYPES that are worth their bytes for a small model."""

from __future__ import annotations

from pathlib import Path

from students.export.form import Form

FILE = "model.gguf"
MIXES = ("f16", "q8_0", "q4_0", "q4_k_m")


def write(student: Path, out: Path, precision: str) -> None:
    """Writes the file; InputError for an architecture or a tokenizer that the writer does not know."""
    from students.export.gguf_file import write_gguf

    write_gguf(student, out / FILE, precision)


FORMS = tuple(
    Form(
        f"gguf-{mix}",
        "gguf",
        mix,
        write,
        extra="export",
        imports=("gguf", "xllamacpp"),
        run_with=f"llama-server -m {FILE}",
        file=FILE,
    )
    for mix in MIXES
)
